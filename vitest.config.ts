import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '.cache/**', 'coverage/**', 'reports/out/**', '.tidy/fixtures/**'],
    // Node loads the files itself, without Vite's transforms: only then does c8 see the lines that ran.
    pool: 'threads',
    experimental: { viteModuleRunner: false },
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});

export default config;
