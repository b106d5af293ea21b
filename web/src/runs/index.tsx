import type { RunList } from "../../../src/serve/schema";
import { useResource } from "../api/useResource";
import { Loaded } from "../ui";

export default function Runs() {
  const runs = useResource<RunList>("api/runs");
  return (
    <Loaded resource={runs}>
      {({ runs }) => runs.map(({ id, name }) => <p key={id}>{name}</p>)}
    </Loaded>
  );
}
