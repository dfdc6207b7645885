import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The page is served by console/app.py under a strict content security policy: no inline script or style,
// no data: URLs, nothing from elsewhere.
export default defineConfig({
  plugins: [svelte({ configFile: false })],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
});
