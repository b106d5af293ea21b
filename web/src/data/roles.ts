/** Who speaks, in words. */
import { useCallback } from "react";
import { bothLanguages, useTexts } from "../language";

const texts = bothLanguages(
  { system: "System", user: "User", assistant: "Assistant", tool: "Tool" },
  { system: "系统", user: "用户", assistant: "助手", tool: "工具" },
);

export function useRoleName(): (role: string) => string {
  const t = useTexts(texts);
  return useCallback((role: string) => (role in t ? t[role as keyof typeof t] : role), [t]);
}
