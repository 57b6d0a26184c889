/** JSON as it comes out of a strict parser: plain data, own properties only. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
	readonly [member: string]: JsonValue;
}

/** An own member, never an inherited one: `member(claims, 'constructor')` is undefined unless the token says so. */
export function member(object: JsonObject, name: string): JsonValue | undefined {
	return Object.hasOwn(object, name) ? object[name] : undefined;
}

export function isJsonObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
