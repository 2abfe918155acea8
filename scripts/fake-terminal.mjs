// Makes pipes look like a terminal to the program that is loaded after it (`node --import`): so that the screen runs where there
// is no terminal. RIVULET_TERMINAL=100x30 is its size. Turning raw mode on and off is written to stderr.
const [columns, rows] = (process.env.RIVULET_TERMINAL ?? "100x30").split("x").map(Number)
Object.assign(process.stdout, { isTTY: true, columns, rows })
Object.assign(process.stdin, {
  isTTY: true,
  setRawMode: on => {
    process.stderr.write(on ? "<raw>" : "<cooked>")
    return process.stdin
  },
})
