/** The sections, the most important first: when time runs out the last ones are left out. */
import { against } from './against.ts';
import { bodies } from './bodies.ts';
import { churn } from './churn.ts';
import { firstSeen } from './first-seen.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { providers } from './providers.ts';
import { repeated } from './repeated.ts';
import { routes } from './routes.ts';
import type { Section } from './section.ts';
import { streaming } from './streaming.ts';
import { tls } from './tls.ts';
import { variants } from './variants.ts';

export const sections: readonly Section[] = [
	against,
	idle,
	repeated,
	firstSeen,
	latency,
	memory,
	routes,
	streaming,
	variants,
	bodies,
	tls,
	churn,
	providers,
];
