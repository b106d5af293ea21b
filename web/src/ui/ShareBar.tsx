/** A bar from the left, beside a figure that says the same. @param share 0 to 1 */
export function ShareBar({ share, tone = "" }: { share: number; tone?: "" | "warn" | "bad" }) {
  const width = `${Math.max(share > 0 ? 0.5 : 0, Math.min(100, 100 * share))}%`;
  return (
    <span className={`share-bar ${tone}`} aria-hidden="true">
      <span style={{ width }} />
    </span>
  );
}
