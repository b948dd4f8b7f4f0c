package io.holdfast.inject;

/**
 * The guards: each protects against one race or fault. The simulator takes one away and must find its fault; with all
 * of them in place it must find none. docs/FAULT-MODEL.md has the table.
 */
public enum Guard {
    /** A direct write to a file with checksums goes through a copy; without: from the caller's memory. */
    STABLE_COPY,
    /** A block on its way to the device is a private copy; without: the page itself. */
    SEALED_COPY,
    /** A block has one writeback at a time; without: two, and the older may come last. */
    ONE_WRITEBACK,
    /** A read is verified in private memory; without: where the caller can see and change it. */
    VERIFY_PRIVATE,
    /** A block that was read goes into the cache only if its mapping still holds. */
    CURRENT_AFTER_READ,
    /** A punch, zero or truncate waits for the writeback of the pages that it drops. */
    RANGE_AWAITS_WRITEBACK,
    /** The log has a punch, zero or truncate before its pages are dropped: until then the call may still fail. */
    LOGGED_BEFORE_DROPPED,
    /** Space is reserved anew for a page that was written back since it was counted. */
    RESERVATION_RECHECKED,
    /** The log has the new size before it has a block behind the old end. */
    SIZE_BEFORE_DATA,
    /** The last block is zero behind the end of the file before the file grows over that. */
    TAIL_ZEROED,
    /** A write that must not grow its file compares with the size under the lock that a truncation takes. */
    SIZE_HELD,
    /** Lent data is on the medium before the log says so. */
    PROVEN_BEFORE_LOGGED,
    /** Nothing else of a file goes into the log before its lent data. */
    UNPROVEN_FIRST,
    /** A dead block is not used again before a checkpoint without it is durable. */
    FREED_AWAIT_CHECKPOINT,
    /** A group whose bitmap is read anew knows the dead blocks that wait: they are free on the device already. */
    LOADED_GROUP_HAS_DEAD,
    /** Nobody gets a block whose discard is under way. */
    DISCARDED_IS_LEASED,
    /** Nothing is allocated from a group whose bitmap cannot be read; without: all of it is free. */
    UNREADABLE_CLOSES_GROUP,
    /** What is in a node of the metadata tree that cannot be read is an error; without: it is not there. */
    LOST_IS_NOT_ABSENT,
    /** The node that a patch stands for keeps its place, and is asked for what was not changed since. */
    LOST_KEEPS_POINTER,
    /** A dead block is not used again before the readers that may know it have left. */
    FREED_AWAIT_READERS,
    /** A flush covers what was written when it began, not when it ended. */
    FLUSH_COVERS,
    /** A flush waits for pages that another thread is writing back. */
    FLUSH_AWAITS_WRITEBACK,
    /** A superblock of another volume is not believed, nor one behind the end of the volume. */
    OWN_COPIES_ONLY,
    /** A damaged record that was durable is corruption, not the torn end of the log. */
    DURABLE_THROUGH,
    /** A header or payload of the log of which one copy is damaged is taken from the other; without: it is damaged. */
    LOG_TWINS,
    /**
     * What the device does not bring when a volume is opened may be there: the newest superblock, the next record of the log, the data of a
     * record. Without: it is not there.
     */
    UNREADABLE_IS_NOT_ABSENT,
    /** An unflushed record counts only with all of its data. */
    DATA_WHOLE,
    /** What recovery found behind the last flush is written again: the drive may have forgotten to write it. */
    TAIL_REWRITTEN,
    /** The superblock that opening found is written again: the drive may have forgotten to write it. */
    SUPERBLOCK_REWRITTEN,
    /** What recovery found in the log is on the medium before the log goes on behind it. */
    MOUNT_FLUSHES,
    /** After a failed write or flush nothing is ever reported as durable again. */
    FAILURES_LATCH,
    /** The new trees are on the medium before a superblock names them. */
    NODES_BEFORE_SUPERBLOCK,
    /** Blocks of groups that a volume gets when it grows are allocated only after a superblock knows the groups. */
    NEW_GROUPS_AWAIT_SUPERBLOCK,
    /** A checkpoint splits log, maps and items at the same place. */
    FREEZE_STOPS_CHANGES,
    /** A check that runs beside writers hears which blocks a checkpoint changes before it can see that checkpoint. */
    CHECK_HEARS_CHANGES,
    /** A later pass of a check begins while no checkpoint is between telling what it changes and being there. */
    PASS_BEGINS_IDLE,
    /** A check hears that the blocks that it reads may have been used again. */
    PINS_TELL,
    /** A check asks whether a file still has a data block before it says that the block is bad. */
    CHECK_LOOKS_AGAIN,
    /** A job that is paused and frees space goes on as far as a writer needs the space. */
    PAUSED_JOB_HURRIES,
    /** A repair beside clients hears what changes from its check until the clients are stopped. */
    REPAIR_HEARS_CHANGES,
    /** A repair uses none of the blocks that it frees: the superblock before still needs them. */
    REPAIR_KEEPS_OLD,
    /** A repair frees no block as long as something hidden may use it; without: all that nothing is seen to use. */
    HIDDEN_KEEPS_BLOCKS,
    /** Opening for writing ends the time in which a repair can be undone. */
    OPENING_ENDS_UNDO,
    /** The blocks of a file without a name stay while it is open. */
    ORPHAN_STAYS_OPEN,
    /** Content that a failed device did not take stays readable after the last handle is closed. */
    FAILED_STAYS_READABLE,
    /** When a failed volume is opened again, no flush succeeds for files with changes that may be gone. */
    LOSS_REFUSES_FLUSH,

    /** Who makes changes of maps waits until there is room for them in memory. */
    CHANGES_AWAIT_ROOM,

    // ---- doors ----
    /** A connection has its share of the memory for payloads, whatever others hold. */
    PAYLOAD_SHARE,
    /** A client that takes none of its replies, or stops in a payload, is cut off in the end. */
    STALL_LIMIT,
    /** An Error on a thread of a session ends that session. */
    SESSION_ERROR_ENDS,
    /** A new connection to a file is served when the changes that earlier ones have begun have ended. */
    SUCCESSOR_AWAITS,
    /** When another connection has come, one whose client is gone begins no change any more. */
    GONE_BEGINS_NOTHING
}
