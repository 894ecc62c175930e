// The limit of P3: a raw relay that passes each message on to the socket that connected next. A process of its own;
// knows nothing but ws.
import { WebSocketServer, type WebSocket } from "ws";

const sockets: WebSocket[] = [];
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, clientTracking: false });
server.on("connection", (socket) => {
  const place = sockets.push(socket) - 1;
  socket.on("message", (data) => sockets[(place + 1) % sockets.length]?.send(data, { binary: false }));
});
server.on("listening", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(`ws://127.0.0.1:${address.port}/`);
});
