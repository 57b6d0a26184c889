/** JSON as Newtonsoft.Json.Linq holds it. A date in a text stays a text: it is never read as a DateTime. */
import type { Scalar } from './value.ts';

export class JsonScalar {
	readonly kind = 'JValue';
	readonly value: Scalar;

	constructor(value: Scalar) {
		this.value = value;
	}
}

export class JsonArray {
	readonly kind = 'JArray';
	readonly items: JsonToken[];

	constructor(items: JsonToken[]) {
		this.items = items;
	}
}

export class JsonObjectValue {
	readonly kind = 'JObject';
	readonly members: Map<string, JsonToken>;

	constructor(members: Map<string, JsonToken>) {
		this.members = members;
	}
}

/** A member of an object by itself. */
export class JsonProperty {
	readonly kind = 'JProperty';
	readonly name: string;
	value: JsonToken;

	constructor(name: string, value: JsonToken) {
		this.name = name;
		this.value = value;
	}
}

export type JsonToken = JsonScalar | JsonArray | JsonObjectValue | JsonProperty;
