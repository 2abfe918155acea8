/** Panels that follow a stream. */

import type { DotCommand } from "./command.js"

export const liveCommands: readonly DotCommand[] = [
  {
    name: "watch",
    usage: ".watch [expression] [as name]",
    help: "a live panel; bare: of the last expression",
    code: "watch(…)",
    run: (host, args) => host.watch(args),
  },
  {
    name: "share",
    usage: ".share [expression] [as name]",
    help: "how others see a stream live; bare: the newest panel's, by that name, else the last expression's. With a name it gets that on the cluster",
    run: (host, args) => host.share(args.trim()),
  },
  {
    name: "pin",
    usage: ".pin [n] [as name]",
    help: "the last answer, or Out[n], kept on the cluster as it is: others ask for it by rivulet query @id",
    run: (host, args) => host.pin(args),
  },
  {
    name: "unwatch",
    usage: ".unwatch [name]",
    help: "closes a panel, or all",
    run: (host, args) => host.unwatch(args.trim()),
  },
]
