/** What is drawn in the terminal and into files. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { SeriesOf } from "../../engine/fluent/series.js"
import { valueLines } from "../../shell/host/display.js"
import { chartLines, chartOf, isHistogram } from "../../shell/view/chart.js"
import { chartFile } from "../../shell/view/chart-file.js"
import { svgOf } from "../../shell/view/chart-svg.js"
import { formatNumber } from "../../shell/view/number.js"
import { pageView } from "../../shell/view/page.js"
import { vegaLite } from "../../shell/view/vega-lite.js"
import { cellWidth } from "../../shell/view/width.js"

const time = (ms: number) => new Date(ms).toISOString().slice(11, 19)
const size = { width: 60, height: 4, maxRows: 5, formatTime: time }
const lines = (value: unknown, more: Partial<typeof size> = {}) => chartLines(chartOf(value)!, { ...size, ...more })

test("pairs are bars beside their amounts; what is not nothing is seen; the rest is counted", () => {
  const drawn = lines(
    new Map([
      ["/search", 8113],
      ["/cart", 4056],
      ["/login", 1],
      ["/none", 0],
    ]),
  )
  assert.equal(
    drawn.map(line => line.trimEnd()),
    [`  /search  8 113  ${"█".repeat(42)}`, `  /cart    4 056  ${"█".repeat(21)}`, "  /login       1  ▏", "  /none        0"],
  )
  assert.is(lines(Array.from({ length: 9 }, (_, i) => [i, i])).at(-1), "  … 4 more")
})

test("a histogram's answer is drawn where it is shown, with the half-open ends of its buckets", () => {
  const buckets = [
    [0, 10, 5],
    [10, 20, 10],
    [20, 30, 0],
  ]
  const shown = valueLines(buckets, { tz: "UTC", width: 40, now: () => 0 }, 20).lines.map(({ text }) => text)
  assert.equal(shown, ["   0 – 10 )   5  ███████████▌", "  10 – 20 )  10  ███████████████████████", "  20 – 30 ]   0"])
  assert.not.ok(
    isHistogram([
      [0, 10, 5],
      [11, 20, 10],
    ]),
  )
  assert.not.ok(isHistogram([[0, 10, 5]]))
})

test("a series is a line between its least and its greatest, with the times of its ends; a gap stays a gap", () => {
  const at = Date.parse("2026-11-21T21:00:00Z")
  const series = new SeriesOf([1, 2, 3, 100].map((value, i) => ({ interval: { from: at + i * 1000, to: at + (i + 1) * 1000 }, value })))
  const drawn = lines(series)
  assert.is(drawn.length, 6)
  assert.match(drawn[0]!, /^ {2}100 ┤ +.*⡜?/)
  assert.match(drawn[3]!, /^ {4}1 ┤/)
  assert.match(drawn[5]!, /21:00:00 +21:00:03$/)
  for (const line of drawn) assert.ok(cellWidth(line) <= 60)
  assert.match(lines([5, 5, 5])[0]!, /^ {2}5 ┤/)
  assert.equal(lines([Number.NaN]), ["  (no numbers)"])
})

test("what is neither numbers nor pairs with a number is no chart", () => {
  for (const value of [undefined, 3, "a", [], [["a", "b"]], [{ a: 1 }]]) assert.is(chartOf(value), undefined)
})

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    error => String(error.message),
  )
const textsOf = (svg: string) => [...svg.matchAll(/<text [^>]*>([^<]*)</g)].map(found => found[1]!)

test("a file holds the whole picture, drawn by Vega, and names are text in it; the same data is the same picture", async () => {
  const chart = chartOf([
    ["<a>", 2],
    ["'\"\\`$b\n\u2028", -1],
    ["", Number.NaN],
  ])!
  const svg = await chartFile("x.svg", chart, 'counts "&" more', "UTC")
  assert.match(svg, /^<svg xmlns=/)
  const texts = textsOf(svg)
  for (const text of ["&lt;a&gt;", "'\"\\`$b\\n\\u2028", "2", "-1", "NaN", 'counts "&amp;" more']) assert.ok(texts.includes(text), text)
  assert.is(svg.match(/aria-roledescription="bar"/g)?.length, 2)
  assert.is(await chartFile("x.svg", chart, 'counts "&" more', "UTC"), svg)
})

test("a line is drawn with its gaps, by the shell's numbers and the zone's clocks; without any number it is an empty picture", async () => {
  const numbers = await chartFile("x.svg", chartOf([1000, Number.NaN, 3000, 4000])!, "line", "UTC")
  const [, path] = /mark-line[\s\S]*?<path d="([^"]*)"/.exec(numbers)!
  assert.is(path!.match(/M/g)?.length, 2)
  assert.ok(textsOf(numbers).includes(formatNumber(4000)))
  const overDays = seriesOf([1, 2, 3, 4], 20 * 3_600_000)
  assert.ok(
    textsOf(await chartFile("x.svg", chartOf(overDays)!, "", "Europe/Berlin")).includes("2026-07-01 23:00:00 – 2026-07-04 11:00:00"),
  )
  assert.match(await chartFile("x.svg", chartOf([Number.NaN])!, "nothing", "UTC"), />nothing</)
})

const berlin = Date.parse("2026-07-01T21:00:00Z")
const seriesOf = (values: readonly number[], stepMs: number, from = berlin) =>
  new SeriesOf(values.map((value, i) => ({ interval: { from: from + i * stepMs, to: from + (i + 1) * stepMs }, value })))
const overTime = seriesOf([1, Number.NaN, 3], 10_000)

test("a specification of Vega-Lite: times as the zone's clocks show them, a gap as null, bars of one label apart", async () => {
  const specification = JSON.parse(await chartFile("x.vl.json", chartOf(overTime)!, "Keys", "Europe/Berlin"))
  assert.equal([specification.title, specification.mark.type], ["Keys", "line"])
  assert.equal(specification.data.values, [
    { at: "2026-07-01T23:00:00Z", value: 1 },
    { at: "2026-07-01T23:00:10Z", value: null },
    { at: "2026-07-01T23:00:20Z", value: 3 },
  ])
  const title = "2026-07-01 23:00:00 – 23:00:20"
  assert.equal(specification.encoding.x, { field: "at", title, type: "temporal", scale: { type: "utc" }, axis: { format: "%H:%M:%S" } })
  const bars = vegaLite(
    chartOf([
      ["/a", 2],
      [true, 1],
      ["/a", 1],
    ])!,
    "",
    time,
  ) as { data: { values: unknown[] }; encoding: { y: { axis: { labelExpr: string } } } }
  assert.equal(bars.data.values, [
    { row: 0, label: "/a", value: 2, text: "2" },
    { row: 1, label: "true", value: 1, text: "1" },
    { row: 2, label: "/a", value: 1, text: "1" },
  ])
  assert.is(bars.encoding.y.axis.labelExpr, '["/a", "true", "/a"][datum.value]')
})

test("parts of a second have labels of their own; an hour that the clocks show twice is drawn in UTC", async () => {
  const parts = textsOf(await chartFile("x.svg", chartOf(seriesOf([1, 2, 3, 4, 5], 250))!, "", "UTC"))
  for (const text of ["21:00:00.000", "21:00:00.400", "21:00:00.800"]) assert.ok(parts.includes(text), `${text}: ${parts}`)
  const twice = seriesOf([1, 2, 3, 4], 3_600_000, Date.parse("2026-10-24T23:00:00Z"))
  const specification = JSON.parse(await chartFile("x.vl.json", chartOf(twice)!, "", "Europe/Berlin"))
  assert.is(specification.data.values[3].at, "2026-10-25T02:00:00.000Z")
  assert.is(specification.encoding.x.title, "2026-10-24 23:00:00 – 2026-10-25 02:00:00 UTC")
})

test("of very many bars the first are drawn, which is said; a very long line is a picture without its specification", async () => {
  const bars = chartOf(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, i]))!
  const svg = await chartFile("x.svg", bars, "many", "UTC")
  assert.ok(textsOf(svg).includes(`the first ${formatNumber(1000)} of ${formatNumber(1001)}`))
  assert.ok(svg.includes(">k999<") && !svg.includes(">k1000<"))
  const line = { kind: "line", values: new Array(5_001).fill(1) } as const
  assert.not.match(await chartFile("x.html", line, "", "UTC"), /<script/)
  assert.match(await failureOf(chartFile("x.vl.json", line, "", "UTC")), /too many values/)
})

test("a page shows the picture without a script, with the specification beside it; of another ending it says which there are", async () => {
  const page = await chartFile("x.html", chartOf([["</script><b>", 2]])!, "<keys>", "UTC")
  assert.match(page, /^<!doctype html>/)
  assert.ok(page.includes("<svg ") && page.includes("<title>&#60;keys&#62;</title>"))
  const [, data] = /<script type="application\/vnd\.vegalite\.v5\+json">\n(.*)\n<\/script>/.exec(page)!
  assert.is(JSON.parse(data!).data.values[0].label, "</script><b>")
  assert.not.match(data!, /</)
  // The one script is data, and nothing is asked of a network: what has a name with a scheme names a vocabulary.
  assert.equal(page.match(/<script/g)?.length, 1)
  assert.not.match(page, /(src|href|url)\s*[=(]/)
  assert.match(await failureOf(chartFile("x.png", chartOf([1, 2])!, "", "UTC")), /which kind of picture/)
})

test("in a page a series of numbers is drawn by itself, rows are a table", async () => {
  const series = await pageView(overTime, "UTC")
  assert.match(series.html!, /^<svg/)
  assert.ok(series.vegaLite)
  const rows = await pageView([["/a", 2]], "UTC")
  assert.match(rows.html!, /^<table>/)
  assert.is(rows.vegaLite, undefined)
})

test("what Vega cannot draw is an error that says what it was", async () => {
  const encoding = { x: { field: "a", type: "quantitative" } }
  const bad = { data: { values: [{ a: 1 }] }, transform: [{ calculate: "nope(1)", as: "a" }], mark: "bar", encoding }
  assert.match(await failureOf(svgOf(bad)), /Unrecognized function: nope/)
})

test.run()
