/** Whether the server and its engine answer. */
import { useEffect, useState } from "react";
import { useServer } from "../api/live";
import { bothLanguages, useTexts } from "../language";

const texts = bothLanguages(
  {
    lost: "The connection to the server is lost. Trying again …",
    ready: "Engine ready",
    starting: "Engine starting …",
    away: "Not connected",
    version: "version",
  },
  {
    lost: "与服务器的连接已断开，正在重连……",
    ready: "引擎就绪",
    starting: "引擎启动中……",
    away: "未连接",
    version: "版本",
  },
);

/** A restart of the page itself ends connections, too: only what lasts is said. */
const patience = 800;

export function ConnectionBanner() {
  const t = useTexts(texts);
  const { isConnected } = useServer();
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (isConnected) return setShown(false);
    const timer = setTimeout(() => setShown(true), patience);
    return () => clearTimeout(timer);
  }, [isConnected]);
  return (
    <div className="offline" role="status" hidden={!isShown}>
      {isShown && (
        <>
          <span className="spinner" aria-hidden="true" />
          {t.lost}
        </>
      )}
    </div>
  );
}

export function EngineState() {
  const t = useTexts(texts);
  const { isConnected, status } = useServer();
  if (status === null) return null;
  const state = !isConnected ? "away" : status.ready ? "ready" : "starting";
  return (
    <p className={`engine-state small soft ${state}`} title={`${t.version} ${status.version}`}>
      {t[state]}
    </p>
  );
}
