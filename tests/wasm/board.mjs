// A virtual board on MicroPython's WebAssembly port, in a folder laid out as its flash.
//
//     node tests/wasm/board.mjs 224 mp_actors.boot
//
// The board's heap in KB, and the module whose `begun()` makes its server. Says what the board says
// and, every half second, a line of JSON: what of its heap is free after a collection, the largest
// free piece, and by how much the heap has grown. Ends when standard input does, or the board.
//
// Its sockets are node's. Garbage goes only between two turns; where a board would collect within
// one, the port's heap grows instead, and what that adds does not count as free.

import { CABLES } from "./cables.mjs";
import { HERE, copyFolder, runProgram, startPort } from "./port.mjs";

const REPORT_MS = 500;
const TURN_MS = 1;
const LENT_KB = 128; // for what is no part of a board's heap; the rest of it is used up
const BLOCK_BYTES = 16; // what the heap is given out in, on 32 bits
const FILES = ["board", "socket", "umachine", "_thread"].map((name) => `${HERE}/${name}.py`);
const HELD = /total: (\d+), used: (\d+), free: (\d+),[^]*max free sz: (\d+)/;

// The port with a board that has begun, and `look`, which says what its heap holds.
async function begun(heapKb, module) {
  let heard = null;
  const say = (line) => (heard === null ? console.log(line) : heard.push(line));
  const python = await startPort((heapKb + LENT_KB) * 1024, say, FILES, CABLES);
  copyFolder(python.FS, process.cwd(), "/flash", [".mpy", ".py", ".json"]);
  const board = python.pyimport("board");
  const look = () => {
    board.collect();
    heard = [];
    board.look();
    const [total, used, free, blocks] = heard.join("\n").match(HELD).slice(1).map(Number);
    heard = null;
    return { total, used, free, largest: blocks * BLOCK_BYTES };
  };
  const first = look();
  board.prepare();
  const pieceBytes = board.grow();
  const { total, used } = look();
  // The heap's own tables take a share of it, so as much of these two as of the board's alone.
  const ownBytes = Math.floor((total * heapKb) / (heapKb + LENT_KB));
  board.use_up(total - ownBytes - (used - first.used - pieceBytes));
  board.begin(module);
  board.serve(look().free);
  const report = () => {
    const { total: nowBytes, free, largest } = look();
    const grown = nowBytes - total;
    console.log(JSON.stringify({ free: free - grown, largest, grown }));
  };
  return { board, report };
}

async function run([heapKb, module]) {
  const { board, report } = await begun(Number(heapKb), module);
  let isEnding = false;
  process.stdin.on("end", () => (isEnding = true)).resume();
  let dueMs = 0;
  while (board.turn() && !isEnding) {
    if (performance.now() >= dueMs) {
      report();
      dueMs = performance.now() + REPORT_MS;
    }
    await new Promise((done) => setTimeout(done, TURN_MS));
  }
  return true;
}

await runProgram("board.mjs", run);
process.exit(); // its sockets are open
