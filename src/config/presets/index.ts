/** The presets by name: an explicit list, so that nothing registers itself. */
import { auth0 } from './auth0.ts';
import { cognito } from './cognito.ts';
import { entra } from './entra.ts';
import { keycloak } from './keycloak.ts';
import { okta } from './okta.ts';
import type { Preset } from './preset.ts';

export const presets = { auth0, entra, okta, cognito, keycloak } as const satisfies Record<string, Preset>;
export type PresetName = keyof typeof presets;
