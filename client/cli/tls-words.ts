// What a failed handshake means to whoever wrote the URL and the flags. Knows no socket.

const meanings: readonly [sign: RegExp, meaning: string][] = [
  [
    /--use-system-ca|self-signed certificate|unable to (?:verify|get) .*certificate/,
    "its certificate is of an authority that is not trusted here; --ca (BATON_CA) names the file of one to trust",
  ],
  [
    /alert certificate required/,
    "it asks for a certificate of the client's own: --cert and --key (BATON_CERT, BATON_KEY)",
  ],
  [/alert (?:unknown ca|bad certificate)/, "it does not take the certificate of --cert (BATON_CERT)"],
  [/wrong version number/, "it does not speak TLS; then its URL begins with ws://"],
];

/** What a system says of a failed connection, in words that name our flags where TLS was the reason. */
export function plainly(message: string, url: string): string {
  if (/^(?:ws|http):/.test(url) && /^(?:socket hang up|other side closed)/.test(message))
    return "it hangs up without a word; the URL of a hub that speaks TLS begins with wss://";
  return meanings.find(([sign]) => sign.test(message))?.[1] ?? message;
}
