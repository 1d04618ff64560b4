// Starts MicroPython's WebAssembly port, with what a chip would lend it: chance and AES, from node.
//
// The port collects garbage only while no Python runs, so before and after a call from outside.
// Where a board would have to collect, or has no memory left, the port's heap grows.

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = resolve(HERE, "../..");
const PORT = "@micropython/micropython-webassembly-pyscript/micropython.mjs";
const STACK_BYTES = 32 * 1024; // no part of the heap

// What Python sees as the module `node`; bytes cross the border as hexadecimal text.
const NODE = {
  random: (count) => randomBytes(count).toString("hex"),
  cipher(key, mode, iv, isSealing) {
    const name = `aes-${key.length * 4}-${mode === 1 ? "ecb" : "cbc"}`;
    const make = isSealing ? createCipheriv : createDecipheriv;
    const vector = mode === 1 ? null : Buffer.from(iv, "hex");
    return make(name, Buffer.from(key, "hex"), vector).setAutoPadding(false);
  },
  update: (cipher, blocks) => cipher.update(Buffer.from(blocks, "hex")).toString("hex"),
};

// Copies a folder into the port's own file system, those files whose names end so.
export function copyFolder(fs, from, to, endings) {
  fs.mkdirTree(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    const isWanted = endings.some((ending) => entry.name.endsWith(ending));
    if (entry.isDirectory()) copyFolder(fs, source, target, endings);
    else if (isWanted) fs.writeFile(target, readFileSync(source));
  }
}

// A fresh port. It says its lines to `say` and finds these files in /lib; `lent` is what else the
// module `node` has.
export async function startPort(heapBytes, say, files, lent = {}) {
  const { loadMicroPython } = await import(PORT);
  const options = { heapsize: heapBytes, pystack: STACK_BYTES, stdout: say, stderr: say };
  const python = await loadMicroPython(options);
  python.FS.mkdirTree("/lib");
  for (const file of [`${HERE}/cryptolib.py`, `${HERE}/lent.py`, ...files]) {
    python.FS.writeFile(`/lib/${file.split("/").pop()}`, readFileSync(file));
  }
  python.registerJsModule("node", { ...NODE, ...lent });
  python.runPython("import lent");
  return python;
}

// Runs a program; what goes wrong is one line and status 1. Node would print the port's one line of
// 100 KB with it.
export async function runProgram(name, program) {
  try {
    process.exitCode = (await program(process.argv.slice(2))) ? 0 : 1;
  } catch (error) {
    console.log(`${name}: ${error.name}: ${error.message}`);
    process.exitCode = 1;
  }
}
