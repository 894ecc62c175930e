// The limit of P1 and P2: a raw echo server, one frame a message. A process of its own; knows nothing but ws.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, clientTracking: false });
server.on("connection", (socket) => {
  socket.on("message", (data) => socket.send(data, { binary: false }));
});
server.on("listening", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(`ws://127.0.0.1:${address.port}/`);
});
