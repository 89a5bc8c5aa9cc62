#pragma once
#include <sqlite3.h>

/* What SQLite offers as variadic functions and pointer macros, which Swift cannot see. */

/* No counting of allocations: it takes a lock each time. Call before anything else. */
static inline int csqlite_configure(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* The bytes must live until the statement is reset or bound anew. */
static inline int csqlite_bind_text_unowned(sqlite3_stmt *statement, int index, const char *bytes, long long count) {
    return sqlite3_bind_text64(statement, index, bytes, (sqlite3_uint64)count, SQLITE_STATIC, SQLITE_UTF8);
}

static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *bytes, long long count) {
    return sqlite3_bind_text64(statement, index, bytes, (sqlite3_uint64)count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int csqlite_bind_blob_unowned(sqlite3_stmt *statement, int index, const void *bytes, long long count) {
    return sqlite3_bind_blob64(statement, index, bytes, (sqlite3_uint64)count, SQLITE_STATIC);
}

static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, long long count) {
    return sqlite3_bind_blob64(statement, index, bytes, (sqlite3_uint64)count, SQLITE_TRANSIENT);
}

static inline void csqlite_result_text(sqlite3_context *context, const char *bytes, long long count) {
    sqlite3_result_text64(context, bytes, (sqlite3_uint64)count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline void csqlite_result_blob(sqlite3_context *context, const void *bytes, long long count) {
    sqlite3_result_blob64(context, bytes, (sqlite3_uint64)count, SQLITE_TRANSIENT);
}
