/** What the demonstration's shell has done when it opens, and what it offers next, a grey line at a time. `npm run tour` records it. */

/** Entered by themselves. */
export const demoCells = [
  "const ones = views.map(v => [v.url, 1])",
  "const counts = ones.runningReduce((a, b) => a + b)",
  ".watch counts.top(5)",
]
/** Offered in turn. */
export const demoTour = [
  'counts.get("/")',
  'counts.slice("-20s").count()',
  'counts.changes("-20s").top(3, c => c.delta)',
  'views.last("20s").filter(v => v.status >= 500).map(v => [v.url, 1]).reduceByKey(sum).top(3)',
  ".chaos kill w2",
  ".workers",
]
