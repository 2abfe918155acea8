/** What is drawn in the terminal and into files. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { SeriesOf } from "../../engine/fluent/series.js"
import { valueLines } from "../../shell/host/display.js"
import { chartLines, chartOf, isHistogram } from "../../shell/view/chart.js"
import { chartFile } from "../../shell/view/chart-file.js"
import { chartSvg } from "../../shell/view/chart-svg.js"
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

test("a file holds the whole picture, and names are text in it", () => {
  const svg = chartSvg(
    chartOf([
      ["<a>", 2],
      ["b", 1],
    ])!,
    "counts & more",
    time,
  )
  assert.match(svg, /^<svg xmlns=/)
  assert.ok(!svg.includes("<a>") && svg.includes("&#60;a&#62;") && svg.includes("counts &#38; more"))
  const line = chartSvg(chartOf([1, Number.NaN, 3, 4])!, "line", time)
  assert.is(line.match(/<polyline/g)?.length, 2)
})

const berlin = Date.parse("2026-07-01T21:00:00Z")
const overTime = new SeriesOf(
  [1, Number.NaN, 3].map((value, i) => ({ interval: { from: berlin + i * 1000, to: berlin + (i + 1) * 1000 }, value })),
)

test("a specification of Vega-Lite: times as the zone's clocks show them, a gap as null, bars of one label apart", () => {
  const specification = JSON.parse(chartFile("x.vl.json", chartOf(overTime)!, "Keys", "Europe/Berlin"))
  assert.equal([specification.title, specification.mark], ["Keys", "line"])
  assert.equal(specification.data.values, [
    { at: "2026-07-01T23:00:00Z", value: 1 },
    { at: "2026-07-01T23:00:01Z", value: null },
    { at: "2026-07-01T23:00:02Z", value: 3 },
  ])
  assert.equal(specification.encoding.x, { field: "at", type: "temporal", scale: { type: "utc" }, title: null })
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
    { row: 0, label: "/a", value: 2 },
    { row: 1, label: "true", value: 1 },
    { row: 2, label: "/a", value: 1 },
  ])
  assert.is(bars.encoding.y.axis.labelExpr, '["/a", "true", "/a"][datum.value]')
  assert.is(vegaLite({ kind: "line", values: new Array(5_001).fill(1) }, "", time), undefined)
})

test("a page shows the picture without a script, with the specification beside it; of another ending it says which there are", () => {
  const page = chartFile("x.html", chartOf([["</script><b>", 2]])!, "<keys>", "UTC")
  assert.match(page, /^<!doctype html>/)
  assert.ok(page.includes("<svg ") && page.includes("<title>&#60;keys&#62;</title>\n<body>"))
  const [, data] = /<script type="application\/vnd\.vegalite\.v5\+json">\n(.*)\n<\/script>/.exec(page)!
  assert.is(JSON.parse(data!).data.values[0].label, "</script><b>")
  assert.throws(() => chartFile("x.png", chartOf([1, 2])!, "", "UTC"), /which kind of picture/)
})

test("in a page a series of numbers is drawn by itself, rows are a table", () => {
  assert.match(pageView(overTime, "UTC").html!, /^<svg/)
  assert.ok(pageView(overTime, "UTC").vegaLite)
  const rows = pageView([["/a", 2]], "UTC")
  assert.match(rows.html!, /^<table>/)
  assert.is(rows.vegaLite, undefined)
})

test.run()
