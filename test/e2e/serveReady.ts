/** Waits for a server of the program. */

/** @throws Error where it is not ready within a minute */
export async function untilReady(address: string): Promise<void> {
  const end = Date.now() + 60_000;
  let last = "";
  while (Date.now() < end) {
    const answer = await fetch(`${address}/health`).catch(() => undefined);
    if (answer?.ok) return;
    last = (await answer?.text()) ?? "no answer";
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the server is not ready: ${last}`);
}
