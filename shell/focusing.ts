/** Keys while the panels have them: they go back and forward in time together. Escape gives the keys back to the input. */
import type { InputEvent } from "./editor/decode.js"
import { effect, only, type PanelOrder, type ShellState, type Step } from "./session-types.js"

/** What stands under the panels. */
export const panelKeys = "[ ] step · { } ten · < oldest · space hold, live · y copy · 1-9 focus · x close · Esc: input"

const orders: Readonly<Record<string, PanelOrder>> = {
  "[": { kind: "step", by: -1 },
  "]": { kind: "step", by: 1 },
  "{": { kind: "step", by: -10 },
  "}": { kind: "step", by: 10 },
  "<": { kind: "oldest" },
  ">": { kind: "live" },
  " ": { kind: "hold" },
}

const keys: Readonly<Record<string, PanelOrder>> = {
  left: orders["["]!,
  right: orders["]"]!,
  "ctrl-left": orders["{"]!,
  "ctrl-right": orders["}"]!,
  home: orders["<"]!,
  end: orders[">"]!,
}

export function focusing(state: ShellState, event: InputEvent): Step {
  if (event.kind === "paste") return only(state)
  if (event.kind === "text") {
    let step = only(state)
    const effects: Step["effects"][number][] = []
    for (const letter of event.text) {
      if (step.state.focus === null) break
      step = lettered(step.state, step.state.focus, letter)
      effects.push(...step.effects)
    }
    return { state: step.state, effects }
  }
  const order = keys[event.key]
  if (order) return effect(state, { kind: "panels", order })
  switch (event.key) {
    case "tab":
    case "down":
      return only({ ...state, focus: (state.focus! + 1) % state.panels.length })
    case "shift-tab":
    case "up":
      return only({ ...state, focus: (state.focus! + state.panels.length - 1) % state.panels.length })
    case "escape":
    case "f2":
    case "alt-w":
    case "ctrl-c":
    case "ctrl-d":
    case "enter":
      return only({ ...state, focus: null })
    default:
      return only(state)
  }
}

function lettered(state: ShellState, focus: number, letter: string): Step {
  const order = orders[letter]
  if (order) return effect(state, { kind: "panels", order })
  const panel = state.panels[focus]
  if (panel === undefined) return only({ ...state, focus: null })
  if (letter === "x") return effect(state, { kind: "panels", order: { kind: "close", name: panel.name } })
  if (letter === "y") return effect(state, { kind: "copy", text: [`${panel.title} · ${panel.note}`, ...panel.lines].join("\n") })
  const number = Number(letter)
  return only(number >= 1 && number <= state.panels.length ? { ...state, focus: number - 1 } : state)
}
