export const OF_STAFF: RegExp;
export const OF_SCREENS: RegExp;
export const OF_NODE: RegExp;
