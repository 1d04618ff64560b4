// Runs files of tests/kernel/ under MicroPython's WebAssembly port: objects of 32 bits, as on boards.
//
//     node tests/wasm/run.mjs tests/kernel/test_path.py [-test_that_is_not_to_be_run]
//
// The sources are copied into the port's own file system; node lends what a chip would: chance and
// AES. Says what tests/run_portable.py says, and ends with 0 if all is well. The port collects
// garbage only while no Python runs, so each test is a call of its own.

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, "../..");
const PORT = "@micropython/micropython-webassembly-pyscript/micropython.mjs";
const HEAP_BYTES = 16 * 1024 * 1024;
const STACK_BYTES = 32 * 1024;

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

function copySources(fs, from, to) {
  fs.mkdirTree(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    if (entry.isDirectory()) copySources(fs, source, target);
    else if (source.endsWith(".py")) fs.writeFile(target, readFileSync(source));
  }
}

async function run(words) {
  const files = words.filter((word) => !word.startsWith("-"));
  const without = words.filter((word) => word.startsWith("-")).map((word) => word.slice(1));
  const { loadMicroPython } = await import(PORT);
  const say = (line) => console.log(line);
  const options = { heapsize: HEAP_BYTES, pystack: STACK_BYTES, stdout: say, stderr: say };
  const python = await loadMicroPython(options);
  const give = (from, to) => python.FS.writeFile(to, readFileSync(from));
  copySources(python.FS, `${ROOT}/mp_actors`, "/lib/mp_actors");
  give(`${ROOT}/tests/run_portable.py`, "/lib/run_portable.py");
  give(`${HERE}/cryptolib.py`, "/lib/cryptolib.py");
  // A test comes with what lies beside it.
  const folders = new Set(files.map((file) => dirname(resolve(file))));
  for (const folder of folders) copySources(python.FS, folder, folder);
  python.registerJsModule("node", NODE);
  python.runPython(readFileSync(resolve(HERE, "start.py"), "utf8"));
  const [begin, next] = ["begin", "next_verdict"].map((name) => python.globals.get(name));
  begin(without.join(" "), ...files.map((file) => resolve(file)));
  const counts = [0, 0];
  for (let verdict = next(); verdict !== null; verdict = next()) counts[verdict] += 1;
  console.log(`${counts[1]} passed, ${counts[0]} failed`);
  return counts[1] > 0 && counts[0] === 0;
}

try {
  process.exitCode = (await run(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  // Node would print the port's one line of 100 KB with it.
  console.log(`run.mjs: ${error.name}: ${error.message}`);
  process.exitCode = 1;
}
