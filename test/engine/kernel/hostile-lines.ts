/** Lines of each format that try whoever reads them. */

import fc from "fast-check"

const hostile = fc.constantFrom(
  '"',
  "\\",
  '\\"',
  " ",
  "[",
  "]",
  "-",
  ",",
  "é",
  "😀",
  "\t",
  "{",
  "}",
  ":",
  "null",
  "00",
  "\u2028",
  "a".repeat(70),
)

/** A line with some characters taken out, put in or doubled. */
const broken = (line: fc.Arbitrary<string>) =>
  fc.tuple(line, fc.nat(), fc.nat(6), hostile).map(([text, at, cut, put]) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + (cut % 2 === 0 ? put : "") + text.slice(place + cut)
  })

const two = (n: number) => String(n).padStart(2, "0")
const word = fc.constantFrom("/", "/a", "/A?b=1", "/é", "/a b", "", "-", "/x.png", "/bot/crawler", "http://a.b/c", "\\\\", "x")
const time = fc
  .tuple(
    fc.integer({ min: 0, max: 32 }),
    fc.integer({ min: 0, max: 25 }),
    fc.integer({ min: 0, max: 61 }),
    fc.constantFrom("+0000", "-0730", "+2500", "0000", "+0160"),
  )
  .map(([day, hour, second, zone]) => `${two(day)}/May/2015:${two(hour)}:05:${two(second)} ${zone}`)
const logLine = fc
  .tuple(
    fc.constantFrom("1.2.3.4", "::1", "x"),
    fc.constantFrom("- -", "- x", "- bob smith", "id é"),
    time,
    fc.constantFrom("GET", "HEAD", "P ST", ""),
    word,
    fc.constantFrom(" HTTP/1.1", "", " "),
    fc.constantFrom(200, 404, 500, 503, 99, 1000),
    fc.constantFrom("0", "-", "12345", "9007199254740993", "1e3", ""),
    fc.constantFrom("", ' "-"', ' "-" "-"'),
    word,
    word,
  )
  .map(([ip, user, at, method, url, protocol, status, bytes, end, referrer, agent]) => {
    const tail = end === "" && agent !== "x" ? ` "${referrer}" "${agent}"` : end
    return `${ip} ${user} [${at}] "${method}${method === "" ? "" : " "}${url}${protocol}" ${status} ${bytes}${tail}`
  })
/** Nothing in them is rare. */
export const plainLog = fc
  .tuple(fc.constantFrom("/", "/a", "/b?c"), fc.constantFrom(200, 404, 503), fc.nat(3), fc.constantFrom('"-" "x"', '"http://a/b" "robot"'))
  .map(([url, status, minute, end]) => `1.2.3.4 - - [17/May/2015:10:0${minute}:03 +0000] "GET ${url} HTTP/1.1" ${status} 203 ${end}`)

const numberText = fc.oneof(
  fc.constantFrom(
    "1",
    "-0",
    "0",
    "007",
    "1e400",
    "-1e400",
    "1.5",
    ".5",
    "5.",
    "1e3",
    "0x1f",
    " 7 ",
    "",
    "-",
    "+4",
    "Infinity",
    "NaN",
    "1_0",
    "12345678901234567890",
    "0.1",
    "9007199254740993",
    "4.35",
    "1 2",
    "é",
    "0b11",
    "-00",
    "3px",
    "1e21",
  ),
  fc.double().map(String),
  fc.integer().map(String),
)
const cell = fc.oneof(word, numberText, fc.constantFrom('"a,b"', '"a""b"', '"', '"a"b', '""', "name", " a ", '"n"'))
const csvLine = fc.oneof(fc.array(cell, { minLength: 1, maxLength: 4 }), fc.tuple(word, numberText, word)).map(cells => cells.join(","))

const jsonValue = fc.oneof(
  fc.constantFrom(
    "1",
    "-0",
    "1.5",
    "1e400",
    "true",
    "false",
    "null",
    '"a"',
    '"b"',
    '"A"',
    '""',
    '"é"',
    '"\\u00e9"',
    '"\\ud800"',
    '"a\\n"',
    "{}",
    "[]",
    '["a"]',
    "01",
    "1.",
    "nul",
    '"\\x"',
    "[1,]",
    "NaN",
    '"\t"',
    "-",
  ),
  fc.integer().map(String),
  fc.json(),
)
const jsonName = fc.constantFrom('"name"', '"n"', '"of"', '"na\\u006de"', '"x"', '"constructor"', '"__proto__"', '""')
const jsonObject = (value: fc.Arbitrary<string>) =>
  fc
    .array(fc.tuple(jsonName, value, fc.constantFrom("", " ", "\t")), { maxLength: 5 })
    .map(pairs => `{${pairs.map(([name, v, blank]) => `${blank}${name}:${blank}${v}`).join(",")}}`)
const jsonLine = fc.oneof(
  jsonObject(fc.oneof(jsonValue, jsonObject(jsonValue))),
  fc
    .tuple(fc.constantFrom("a", "b", "cA"), fc.integer({ min: -3, max: 3 }), jsonObject(jsonValue))
    .map(([name, n, of]) => `{"name":"${name}","n":${n},"of":${of}}`),
  jsonValue,
)
const textLine = fc.oneof(
  numberText,
  fc.array(fc.oneof(word, fc.constant(" ")), { maxLength: 6 }).map(words => words.join(" ")),
  fc.string({ unit: "binary" }),
)

/** By format: good lines, odd ones, and broken ones. */
export const lines: Readonly<Record<string, fc.Arbitrary<string>>> = {
  combined: fc.oneof({ weight: 3, arbitrary: plainLog }, logLine, broken(logLine), broken(plainLog)),
  csv: fc.oneof({ weight: 3, arbitrary: csvLine }, broken(csvLine)),
  json: fc.oneof({ weight: 3, arbitrary: jsonLine }, broken(jsonLine)),
  text: fc.oneof({ weight: 3, arbitrary: textLine }, broken(textLine)),
}
