/** Routes that need no key: whether the server lives, and files that hold no secret. */

const publicPaths = new Set([
  "/health",
  "/",
  "/openapi.json",
  "/docs",
  "/icon.svg",
  "/favicon.ico",
]);

/** Whether a path may be read without a key. Whatever is not listed may not. */
export function isPublic(path: string): boolean {
  return publicPaths.has(path) || path.startsWith("/assets/") || path.startsWith("/docs/");
}
