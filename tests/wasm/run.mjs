// Runs files of tests/kernel/ under MicroPython's WebAssembly port: objects of 32 bits, as on boards.
//
//     node tests/wasm/run.mjs tests/kernel/test_path.py [-test_that_is_not_to_be_run]
//
// The sources are copied into the port's own file system. Says what tests/run_portable.py says, and
// ends with 0 if all is well. Garbage can go only between two calls, so each test is one.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { HERE, ROOT, copyFolder, runProgram, startPort } from "./port.mjs";

const HEAP_BYTES = 16 * 1024 * 1024;

async function run(words) {
  const files = words.filter((word) => !word.startsWith("-"));
  const without = words.filter((word) => word.startsWith("-")).map((word) => word.slice(1));
  const say = (line) => console.log(line);
  const python = await startPort(HEAP_BYTES, say, [`${ROOT}/tests/run_portable.py`]);
  copyFolder(python.FS, `${ROOT}/mp_actors`, "/lib/mp_actors", [".py"]);
  // A test comes with what lies beside it.
  const folders = new Set(files.map((file) => dirname(resolve(file))));
  for (const folder of folders) copyFolder(python.FS, folder, folder, [".py"]);
  python.runPython(readFileSync(resolve(HERE, "start.py"), "utf8"));
  const [begin, next] = ["begin", "next_verdict"].map((name) => python.globals.get(name));
  begin(without.join(" "), ...files.map((file) => resolve(file)));
  const counts = [0, 0];
  for (let verdict = next(); verdict !== null; verdict = next()) counts[verdict] += 1;
  console.log(`${counts[1]} passed, ${counts[0]} failed`);
  return counts[1] > 0 && counts[0] === 0;
}

await runProgram("run.mjs", run);
