import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import react from '@vitejs/plugin-react';

// Vite 8 breaks @grafana/ui (default exports of CommonJS packages), so this stays at 6.
export default {
  plugins: [react()],
  publicDir: join(dirname(createRequire(import.meta.url).resolve('@grafana/ui/package.json')), 'dist/public'), // icons
  resolve: {
    alias: { 'react-router-dom-v5-compat': 'react-router-dom' }, // Grafana's shim between versions 5 and 6
    // Grafana's packages keep global state: there must be one copy of each.
    dedupe: [
      '@grafana/data', '@grafana/e2e-selectors', '@grafana/i18n', '@grafana/runtime', '@grafana/schema', '@grafana/ui',
      'react', 'react-dom', 'react-router', 'react-router-dom', 'rxjs',
    ],
  },
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    target: 'esnext',
    minify: false,
    chunkSizeWarningLimit: 99_999,
    // Parts of @grafana/ui that would only load for an editor of code or for a map.
    rollupOptions: { external: [/^monaco-editor/, /^@monaco-editor/, /^ol(\/|$)/] },
  },
};
