import type { ServerStatus } from "../../../src/serve/schema";
import { useResource } from "../api/useResource";
import { Loaded } from "../ui";

export default function Chat() {
  const status = useResource<ServerStatus>("api/status");
  return (
    <Loaded resource={status}>
      {({ models }) => models.map(({ name }) => <p key={name}>{name}</p>)}
    </Loaded>
  );
}
