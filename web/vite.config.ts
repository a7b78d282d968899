import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // Relative: the server says in the document below which path it is.
  base: "./",
  build: {
    // Into the package, so that a wheel and an editable install find it in the same place.
    outDir: "../src/mainspring/dashboard/static",
    emptyOutDir: true,
    // Fonts stay files of their own: the pages may load nothing from data: URLs.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  server: { proxy: { "/api": "http://127.0.0.1:2020", "/healthz": "http://127.0.0.1:2020" } },
});
