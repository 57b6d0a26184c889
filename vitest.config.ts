import { defineConfig } from 'vitest/config';

const conditions = ['countersign-source'];

export default defineConfig({
	resolve: { conditions },
	ssr: { resolve: { conditions, externalConditions: conditions } },
	test: {
		include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
		exclude: ['test/fixtures/**'],
		setupFiles: ['test/support/canary-setup.ts'],
		testTimeout: 20_000,
		hookTimeout: 30_000,
	},
});
