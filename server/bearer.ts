// The token in an `Authorization` header (RFC 6750). Knows no token that is good.

/** The token of `Bearer <token>`; undefined for any other header. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(authorization ?? "")?.[1];
}
