export function buildTests(root: string): string
