// In which file of words a sentence of the pages stands: what is read seldom, or by few, nobody else waits for.

/** What only those who run a place or the community read. */
export const OF_STAFF = /^web\.(place|face|reason|council)_/;
/** What the seldom opened screens of the wallet say: fetched with them. */
export const OF_SCREENS = /^web\.(own_(?!request)|rest_(?!in)|(ask|inbox|device|sign|paper|veto|cosign|log|words)_|recovery_(?!offer)|restore_|restoring|code_(help|link|not|open|type$))/;
/** What the node alone writes. */
export const OF_NODE = /^web\.(home|alias)_/;
