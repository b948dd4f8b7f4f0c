package io.holdfast.inject;

/** The places where a race may happen. At each of them the simulator may let other threads run, as the seed decides. */
public enum Point {
    // ---- writing ----
    /** Space is reserved, nothing is locked yet. */
    WRITE_RESERVED,
    /** A page was copied into and is not yet dirty. */
    PAGE_COPIED,
    /** A page has become dirty. */
    PAGE_DIRTY,
    /** The size has changed in memory. */
    SIZE_CHANGED,
    /** The tail of the last block is zero, the file has not grown yet. */
    TAIL_ZEROED,
    /** The blocks of a sealed write are copied, no page shows them. */
    WRITE_SEALED,
    /** A page has given way to the sealed one of its block. */
    PAGE_SUPERSEDED,
    /** The pages of a sealed write are in the index, nothing is placed. */
    SEALED_SHOWN,
    /** A sealed write is in the map; its pages are still in the index. */
    SEALED_MAPPED,
    /** The caller's memory is about to be lent to the device. */
    LENDING,
    /** Lent data is on the device, the log does not know. */
    LENT_WRITTEN,

    // ---- writeback ----
    /** The record is in the log, no page is taken yet. */
    WRITEBACK_BEGUN,
    /** A block was copied into private memory. */
    BLOCK_SEALED,
    /** The pages of a batch are taken, nothing is placed. */
    WRITEBACK_TAKEN,
    /** A batch is in the map; its pages are still under writeback. */
    WRITEBACK_MAPPED,

    // ---- log ----
    /** A record has its place, nothing is written. */
    RECORD_PLACED,
    /** Header and data are on the device, the map does not know. */
    RECORD_WRITTEN,
    /** The map knows, the flush gate does not. */
    RECORD_MAPPED,
    /** Small changes are applied, no record has them. */
    CHANGES_PENDING,
    /** A flush knows what it has to cover. */
    FLUSH_TARGET,
    /** The device was flushed, nobody knows. */
    FLUSH_DONE,
    /** Unproven data is on the medium, the log does not know. */
    DATA_PROVEN,

    // ---- ranges and files ----
    /** The dirty pages of a range are locked, the log does not know yet that its blocks go. */
    RANGE_LOCKED,
    /** The log and the map know that the blocks of a range are gone, and so are its pages. */
    RANGE_DROPPED,
    /** A file was found or made for a handle. */
    FILE_ACQUIRED,
    /** The last handle is being closed. */
    FILE_EMPTIED,
    /** An orphan was found, nothing is freed. */
    ORPHAN_FOUND,

    // ---- reading ----
    /** A mapping was looked up, nothing is read. */
    READ_MAPPED,
    /** A node's place is known, it is not read yet. */
    NODE_POINTED_TO,
    /** Blocks were read, nothing is verified. */
    READ_DONE,
    /** Blocks are verified, nothing is in the cache. */
    READ_VERIFIED,
    /** Something was copied out to the caller. */
    READ_SHOWN,

    // ---- checkpoint ----
    /** There is no room for changes of maps; no checkpoint has been asked for. */
    CHANGES_WAIT,
    /** Everything is frozen, nothing is written. */
    CHECKPOINT_FROZEN,
    /** The new trees are written, nothing is flushed. */
    CHECKPOINT_WRITTEN,
    /** The new trees are durable, no superblock names them. */
    CHECKPOINT_FLUSHED,
    /** The space map has the groups of a volume that grows, no superblock knows them. */
    GROWTH_MAPPED,
    /** The superblock with a larger size is written to all copies, not flushed. */
    GROWTH_WRITTEN,
    /** The superblock with a larger size is durable, no block of the new groups is in use. */
    GROWTH_DURABLE,
    /** The superblock is durable, memory still has the old trees. */
    CHECKPOINT_DURABLE,
    /** A check has heard what a checkpoint changes, and cannot see that checkpoint yet. */
    CHECKPOINT_TOLD,
    /** Memory has the new trees; blocks of the old ones are not free yet. */
    CHECKPOINT_COMMITTED,
    /** Dead blocks are about to come free. */
    BLOCKS_REUSED,
    /** The dead blocks of one group are free, those of the next are not. */
    GROUP_REUSED,

    /** Free blocks are taken, and about to be discarded. */
    DISCARD_TAKEN,

    // ---- opening ----
    /** A record of the log is about to be replayed. */
    RECOVERY_RECORD,
    /** Whether memory has room for the changes of the log that is being replayed. */
    RECOVERY_MEMORY,
    /** A checkpoint on the way of a replay is durable. */
    RECOVERY_CHECKPOINT,
    /** The log is replayed, no checkpoint has it. */
    RECOVERY_DONE,
    /** The replayed log is on the medium, and the record of the new mount is about to be written. */
    MOUNT_FLUSHED,

    /** Whether the last checkpoint takes too long, and the volume is closed with its log. */
    CHECKPOINT_LATE,

    /** The bitmap of a group is read and not in use yet. */
    GROUP_READ,

    /** A check has read the nodes of a part of the volume, and not yet asked whether they were kept. */
    CHECK_SLICE_WALKED,
    /** A check has gathered data blocks, and not read them yet. */
    CHECK_DATA_GATHERED,
    /** A check is about to begin another pass. */
    CHECK_PASS_BEGINS,
    /** A check begins another pass, for groups that it has no blocks of yet. */
    CHECK_PASS_BEGAN,

    /** A job of the background is about to ask whether it may read or write. */
    JOB_ASKS,
    /** A job was paused, and may not know it yet. */
    JOB_PAUSED,

    // ---- doors ----
    /** A client has chosen a file; its connection is not known among those of the file. */
    CLIENT_SERVED,
    /** Earlier connections to the file know of the new one, which waits for their changes next. */
    SUCCESSOR_CAME,
    /** A request has been received, nothing of it is done. */
    REQUEST_RECEIVED,
    /** A change counts as running, nothing of it is done. */
    CHANGE_BEGUN,
    /** A worker has done its part of a request, no reply says so. */
    REQUEST_DONE,

    // ---- repair ----
    /** All that the volume of before needs is durable; nothing of the repair is written. */
    REPAIR_BEGINS,

    /** Whether a checkpoint forgets that a block left the trees, as a fault of the memory may have it: the block is leaked. */
    CHECKPOINT_FORGETS,

    // ---- allocations that may fail ----
    /** Space is reserved for a change. */
    ALLOCATE_RESERVE,
    /** Blocks are leased to the log. */
    ALLOCATE_LEASE,
    /** Blocks are taken for the nodes of a checkpoint. */
    ALLOCATE_NODES,
    /** Memory is taken for pages. */
    ALLOCATE_PAGES,
    /** A page of a sealed write is in the index; there is no memory for the next one. */
    ALLOCATE_SEALED_PAGES,
    /** Memory is taken for nodes that are kept. */
    ALLOCATE_NODE_MEMORY,
    /** Memory is taken for a buffer. */
    ALLOCATE_BUFFER,
    /** Memory is taken for changes of maps. */
    ALLOCATE_CHANGES,
    /** Room is asked for before changes of maps are made; without room the caller waits for a checkpoint. */
    CHANGES_FULL,
    /** The reading thread of a session needs memory for a request. */
    ALLOCATE_REQUEST,
    /** A worker of a session needs memory for a request. */
    ALLOCATE_WORK,
    /** A thread needs memory to send replies. */
    ALLOCATE_REPLY
}
