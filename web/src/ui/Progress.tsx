import { useFormats } from "./format";

/** How far something is. @param share 0 to 1 */
export function Progress({ label, share }: { label: string; share: number }) {
  const { percent } = useFormats();
  return (
    <div className="progress">
      <span className="small soft">
        {label} {percent(share)}
      </span>
      <progress aria-label={label} max={1} value={share} />
    </div>
  );
}
