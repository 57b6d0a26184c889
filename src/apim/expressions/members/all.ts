/** The tables put together, once: nothing else can be reached from an expression. */
import { addContextMembers } from './context.ts';
import { addObjectMembers } from './object.ts';
import { addStringMembers } from './string.ts';
import { MemberTable } from './table.ts';

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
	addStringMembers(all);
	return all;
}
