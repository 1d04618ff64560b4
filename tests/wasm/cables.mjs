// TCP by node's own, for `socket.py`: sockets by their numbers, flags as `poll` has them.

import { connect, createServer } from "node:net";

const [IN, OUT, ERROR, HANG_UP] = [1, 4, 8, 16];
const WAITING_BYTES_MAX = 5744; // what an ESP32's lwIP takes before it has to be acknowledged

const sockets = [];

function add(made) {
  return sockets.push({ came: Buffer.alloc(0), flags: 0, waiting: [], ...made }) - 1;
}

function carry(stream, isConnected) {
  const number = add({ stream, flags: isConnected ? OUT : 0 });
  const one = sockets[number];
  stream.setNoDelay(true);
  stream.on("connect", () => (one.flags |= OUT));
  stream.on("data", (data) => (one.came = Buffer.concat([one.came, data])));
  stream.on("end", () => (one.flags |= HANG_UP));
  stream.on("error", () => (one.flags |= ERROR));
  return number;
}

export const CABLES = {
  dial: (host, port) => carry(connect(port, host), false),
  listen(host, port) {
    const waiting = [];
    const server = createServer((stream) => waiting.push(carry(stream, true)));
    return add({ stream: server.listen(port, host), waiting });
  },
  accept: (number) => sockets[number].waiting.shift() ?? -1,
  flags(number) {
    const one = sockets[number];
    return one.flags | (one.came.length || one.waiting.length || one.flags & HANG_UP ? IN : 0);
  },
  send(number, data) {
    const { stream } = sockets[number];
    const taken = Math.min(data.length / 2, WAITING_BYTES_MAX - stream.writableLength);
    if (taken > 0) stream.write(Buffer.from(data.slice(0, 2 * taken), "hex"));
    return Math.max(0, taken);
  },
  receive(number, bytesMax) {
    const one = sockets[number];
    const data = one.came.subarray(0, bytesMax);
    one.came = one.came.subarray(data.length);
    return data.toString("hex");
  },
  close(number) {
    const { stream } = sockets[number];
    if (stream.destroy) stream.destroy();
    else stream.close();
  },
};
