/** The tables put together, once: nothing else can be reached from an expression. */
import { addBodyMembers } from './body.ts';
import { addCollectionMembers } from './collection.ts';
import { addConfigurationMembers } from './configuration.ts';
import { addContextMembers } from './context.ts';
import { addCredentialMembers } from './credential.ts';
import { addEnumerableMembers } from './enumerable.ts';
import { addEnums } from './enums.ts';
import { addJsonMembers } from './json.ts';
import { addNumberMembers } from './number.ts';
import { addObjectMembers } from './object.ts';
import { addOrderMembers } from './order.ts';
import { addRegexMembers } from './regex.ts';
import { addStringMembers } from './string.ts';
import { MemberTable } from './table.ts';
import { addTextMembers } from './text.ts';
import { addTimeMembers } from './time.ts';

let table: MemberTable | undefined;

/** Read on first use: most gateways have no policy of API Management. */
export function allMembers(): MemberTable {
	table ??= readAll();
	return table;
}

function readAll(): MemberTable {
	const all = new MemberTable();
	addObjectMembers(all);
	addContextMembers(all);
	addConfigurationMembers(all);
	addBodyMembers(all);
	addCredentialMembers(all);
	addStringMembers(all);
	addNumberMembers(all);
	addTimeMembers(all);
	addTextMembers(all);
	addEnumerableMembers(all);
	addOrderMembers(all);
	addCollectionMembers(all);
	addJsonMembers(all);
	addRegexMembers(all);
	addEnums(all);
	return all;
}
