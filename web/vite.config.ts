import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Addresses are relative, so that the page also works behind a platform's path, as in /proxy/8000/.
export default defineConfig({
  base: "./",
  plugins: [react()],
  build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 400 },
  server: { proxy: { "/api": "http://127.0.0.1:8000", "/v1": "http://127.0.0.1:8000" } },
});
