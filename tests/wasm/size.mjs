// What modules of the kernel keep of the heap on 32 bits: `main` of tests/loads.py, call by call.
//
//     node tests/wasm/size.mjs FOLDER/lib "node leaf" "seal guard"    # of modules built for a board

import { HERE, ROOT, copyFolder, runProgram, startPort } from "./port.mjs";

const HEAP_BYTES = 2 * 1024 * 1024;
const FILES = [`${HERE}/socket.py`, `${ROOT}/tests/loads.py`];

async function run([lib, ...groups]) {
  const python = await startPort(HEAP_BYTES, (line) => console.log(line), FILES);
  copyFolder(python.FS, lib, "/lib", [".mpy"]);
  python.pyimport("lent").load_built_in();
  const loads = python.pyimport("loads");
  loads.grow();
  for (const group of groups) {
    loads.collect();
    const before = loads.used();
    const names = loads.load(group);
    loads.collect();
    console.log(`${loads.used() - before} ${names}`);
  }
  return true;
}

await runProgram("size.mjs", run);
