// In which file of words a sentence of the pages stands: what is read seldom, or by few, nobody else waits for.

/** What only those who run a place or the community read. */
export const OF_STAFF = /^web\.(place|face|reason|council)_/;
/** About seals and alarms: fetched when there is something to say about them. */
export const OF_SEALS = /^web\.(seal|alarm)_/;
/** Of the page that checks receipts. */
export const OF_CHECKS = /^web\.check_/;
/** What every screen of the wallet but the first says: fetched with them. */
export const OF_SCREENS = /^web\.(own_(?!request)|rest_(?!in)|log_(?!alarm)|(ask|inbox|device|sign|paper|veto|cosign|words)_|recovery_(?!offer)|restore_|restoring|code_(help|link|not|open|type$))/;
/** What the node alone writes. */
export const OF_NODE = /^web\.(home_|alias_|invitation_(?!next|unknown)|unknown_(next|text|title)$|needs_script|old_browser$|skip$|language$|draft_(how|open|text|title)$|request_(?!unlisted)|verify_(?!link|command))/;
/** Of seals the wallet says the same as the program on the command line. */
export const OF_WALLETS = /^(checkpoint\.(ahead|continues|newest|same)|witnessed\.(none|yes)|error\.(checkpoint_not_signed|checkpoint_offline|history_rewritten|believe_shorter)(\.do)?)$/;
/** What only the program on the command line is refused: files, pictures, passphrases, other ledgers. */
export const OF_PROGRAM = /^error\.(.*passphrase|wallet_file|.*picture|output_full|needs_yes|which_account|link_|outbox_|offline_|checkpoint_|audit_|lineage_|succession_|share_wrong|amounts_needed|closed_|list_|log_key|old_log_key|ledger_needed|not_(confirmed|founded|joined|a_)|no_(home|wallet|spare_key|predecessor)|nothing_published|note_needs_auditor|qr_too_long|history_rewritten)/;
