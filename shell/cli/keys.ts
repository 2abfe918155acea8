/** `rivulet keys new | allow | list`: who may attach to a cluster that listens beyond this machine. */

import { allowKey, allowListPath, createKey, listAllowed, listKeys } from "../../cluster/adapters/key-files.js"

export function newKey(name: string): void {
  const key = createKey(name)
  process.stdout.write(`${key.publicKey}\n`)
  process.stderr.write(
    `wrote ${key.path}; above is its public half\n` +
      `to be admitted: on the cluster's machines, rivulet keys allow ${key.publicKey} <who>\n` +
      `to run a cluster with it: rivulet master --bind tcp://<address>:7077 --key ${name}\n`,
  )
}

export function allow(publicKey: string, label: string, { readOnly = false }: { readonly readOnly?: boolean }): void {
  allowKey(publicKey, label, readOnly)
  process.stderr.write(
    `allowed ${label}${readOnly ? " to read" : ""} in ${allowListPath()}; running masters and workers of this machine admit it from now on\n`,
  )
}

export function list(): void {
  for (const { name, publicKey } of listKeys()) process.stdout.write(`own      ${publicKey}  ${name}\n`)
  for (const { publicKey, label, readOnly } of listAllowed())
    process.stdout.write(`${readOnly ? "reads  " : "allowed"}  ${publicKey}  ${label}\n`)
}
