/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/store/store_file.h"

#include "tscf-server/store/change_key.h"

#include "common/base/file.h"
#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** "TSCF", and the version of the tables. */
#define APPLICATION 0x54534346
#define VERSION     1
/** How long a previous server process may take to release the file. */
#define BUSY_MS 2000

enum statement { LEASE_PUT, SESSION_PUT, SESSION_DELETE, BINDING_PUT, BINDING_DELETE, ALIVE, STATEMENTS };

static const char *const texts[STATEMENTS] = {
    [LEASE_PUT] = "INSERT OR REPLACE INTO lease (address, client, seen) VALUES (?, ?, ?)",
    [SESSION_PUT] = "INSERT OR REPLACE INTO session (tsid, record) VALUES (?, ?)",
    [SESSION_DELETE] = "DELETE FROM session WHERE tsid = ?",
    [BINDING_PUT] = "INSERT OR REPLACE INTO binding (key, stored) VALUES (?, ?)",
    [BINDING_DELETE] = "DELETE FROM binding WHERE key = ?",
    [ALIVE] = "UPDATE run SET alive = ?, clean = ?",
};

static const char schema[] =
    "BEGIN;"
    "CREATE TABLE lease (address BLOB PRIMARY KEY, client BLOB NOT NULL, seen INTEGER NOT NULL) "
    "WITHOUT ROWID;"
    "CREATE TABLE session (tsid INTEGER PRIMARY KEY, record BLOB NOT NULL);"
    "CREATE TABLE binding (key BLOB PRIMARY KEY, stored INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE run (alive INTEGER NOT NULL, clean INTEGER NOT NULL);"
    "INSERT INTO run VALUES (0, 1);"
    "PRAGMA application_id = 1414742854;"
    "PRAGMA user_version = 1;"
    "COMMIT;";

_Static_assert(APPLICATION == 1414742854, "the number in the schema");

struct store_file {
	sqlite3 *db;
	bool complete; /**< it has the mark */
	sqlite3_stmt *statement[STATEMENTS];
	char name[PATH_MAX];
};

static int64_t wall_clock(void)
{
	return (int64_t)time(NULL);
}

/* --- opening --- */

/** @return the single number that @p sql yields, or -1. */
static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;
	int64_t value = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(s) == SQLITE_ROW)
		value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return value;
}

static bool is_sound(sqlite3 *db)
{
	sqlite3_stmt *s;
	bool sound;

	if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL) != SQLITE_OK)
		return false;
	sound = sqlite3_step(s) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;
	sqlite3_finalize(s);
	return sound;
}

/**
 * Number this run, and be sure that the number is on the disk: the numbers of control messages begin with it (seal.h).
 * The lock is taken, and the file is seen to be writable.
 */
static int begin_run(sqlite3 *db)
{
	return sqlite3_exec(db,
			    "PRAGMA synchronous = FULL;"
			    "BEGIN IMMEDIATE;"
			    "CREATE TABLE IF NOT EXISTS start (number INTEGER NOT NULL);"
			    "INSERT INTO start SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM start);"
			    "UPDATE start SET number = number + 1;"
			    "COMMIT;"
			    "PRAGMA synchronous = NORMAL;",
			    NULL, NULL, NULL);
}

/** @return SQLITE_OK; SQLITE_CORRUPT or SQLITE_NOTADB if the file is damaged or of another program; or another
 * error. */
static int prepare(struct store_file *f)
{
	int rc;

	sqlite3_busy_timeout(f->db, BUSY_MS);
	rc = sqlite3_exec(f->db,
			  "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
			  NULL, NULL, NULL);
	if (rc == SQLITE_OK && number(f->db, "SELECT count(*) FROM sqlite_master") == 0)
		rc = sqlite3_exec(f->db, schema, NULL, NULL, NULL);
	if (rc == SQLITE_OK && (number(f->db, "PRAGMA application_id") != APPLICATION ||
				number(f->db, "PRAGMA user_version") != VERSION || !is_sound(f->db)))
		rc = SQLITE_CORRUPT;
	for (unsigned i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(f->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &f->statement[i], NULL);
	if (rc == SQLITE_OK)
		rc = begin_run(f->db);
	return rc;
}

static void close_db(struct store_file *f)
{
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(f->statement[i]);
	memset(f->statement, 0, sizeof(f->statement));
	sqlite3_close(f->db);
	f->db = NULL;
}

static int open_db(struct store_file *f)
{
	int rc = sqlite3_open_v2(f->name, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

	return rc == SQLITE_OK ? prepare(f) : rc;
}

/** Remove SQLite's own files beside the database: they must not be applied to another one. */
static void remove_companions(const struct store_file *f)
{
	static const char *const endings[] = {"-wal", "-shm", "-journal"};
	char name[PATH_MAX + 16];

	for (unsigned i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", f->name, endings[i]);
		unlink(name);
	}
}

static void put_aside(const struct store_file *f)
{
	char aside[PATH_MAX + 16];

	snprintf(aside, sizeof(aside), "%s.damaged", f->name);
	tscf_warning(
	    "%s is damaged or was made by something else: it is put aside as %s; clients are new to this server",
	    f->name, aside);
	rename(f->name, aside);
	remove_companions(f);
}

/** @return 0, or -errno with the reason in @p error. */
static int try_open(struct store_file *f, char *error)
{
	int rc = open_db(f);

	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB) {
		close_db(f);
		put_aside(f);
		rc = open_db(f);
	}
	if (rc == SQLITE_OK)
		return 0;
	if (rc == SQLITE_BUSY)
		snprintf(error, SERVER_STORE_ERROR,
			 "%s: another server uses it (--state-dir chooses another directory)", f->name);
	else
		snprintf(error, SERVER_STORE_ERROR, "%s: %s", f->name,
			 f->db ? sqlite3_errmsg(f->db) : sqlite3_errstr(rc));
	close_db(f);
	return rc == SQLITE_BUSY ? -EBUSY : -EIO;
}

/**
 * The mark is an empty file, which can be removed when the disk is full.  If it is not there, and the server has not
 * stopped cleanly, changes are missing in the store.
 */
static void mark_name(const struct store_file *f, char name[PATH_MAX + 16])
{
	snprintf(name, PATH_MAX + 16, "%s.complete", f->name);
}

static void mark_incomplete(struct store_file *f)
{
	char name[PATH_MAX + 16];

	mark_name(f, name);
	if (unlink(name) < 0 && errno != ENOENT)
		tscf_error("%s: %s", name, strerror(errno));
	f->complete = false;
}

bool store_file_complete(struct store_file *f)
{
	char name[PATH_MAX + 16];
	int fd;

	mark_name(f, name);
	fd = open(name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	f->complete = fd >= 0;
	if (fd >= 0)
		close(fd);
	return f->complete;
}

static bool is_complete(const struct store_file *f)
{
	char name[PATH_MAX + 16];

	mark_name(f, name);
	return access(name, F_OK) == 0;
}

static void read_past(struct store_file *f, struct server_store_past *past)
{
	int64_t ago = wall_clock() - number(f->db, "SELECT alive FROM run");

	past->clean = number(f->db, "SELECT clean FROM run") == 1;
	past->incomplete = !past->clean && !is_complete(f);
	past->seconds = ago > 0 ? (uint64_t)ago : 0;
	past->run = (uint32_t)number(f->db, "SELECT number FROM start");
}

int store_file_open(const char *state_dir, struct store_file **out, struct server_store_past *past, char *error)
{
	struct store_file *f = calloc(1, sizeof(*f));
	mode_t before;
	int err;

	if (!f) {
		snprintf(error, SERVER_STORE_ERROR, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	err = tscf_directory_make(state_dir);
	if (err == 0 && snprintf(f->name, sizeof(f->name), "%s/server.db", state_dir) >= (int)sizeof(f->name))
		err = -ENAMETOOLONG;
	if (err < 0) {
		snprintf(error, SERVER_STORE_ERROR, "%s: %s", state_dir, strerror(-err));
		free(f);
		return err;
	}
	before = umask(077);
	err = try_open(f, error);
	umask(before);
	if (err < 0) {
		free(f);
		return err;
	}
	read_past(f, past);
	if (!store_file_complete(f))
		tscf_warning("%s: cannot be marked as complete: %m: sessions ask their clients after a restart",
			     f->name);
	*out = f;
	return 0;
}

void store_file_close(struct store_file *f, bool clean)
{
	sqlite3_stmt *s = f->statement[ALIVE];

	sqlite3_bind_int64(s, 1, wall_clock());
	sqlite3_bind_int(s, 2, clean);
	sqlite3_step(s);
	close_db(f);
	free(f);
}

void store_file_abandon(struct store_file *f)
{
	close_db(f);
	mark_incomplete(f);
	unlink(f->name);
	remove_companions(f);
	free(f);
}

/* --- reading --- */

static bool is_blob(sqlite3_stmt *s, int column, int size)
{
	return sqlite3_column_type(s, column) == SQLITE_BLOB && sqlite3_column_bytes(s, column) == size;
}

static bool read_lease(sqlite3_stmt *s, struct server_change *out)
{
	out->kind = SERVER_CHANGE_LEASE;
	if (!is_blob(s, 0, SERVER_ADDRESS_KEY_SIZE) || !is_blob(s, 1, SERVER_CLIENT_ID_SIZE))
		return false;
	memcpy(out->lease.client_id, sqlite3_column_blob(s, 1), SERVER_CLIENT_ID_SIZE);
	return server_address_key_unpack(sqlite3_column_blob(s, 0), false, &out->lease.addr);
}

static bool read_session(sqlite3_stmt *s, struct server_change *out)
{
	int length = sqlite3_column_bytes(s, 1);

	out->kind = SERVER_CHANGE_SESSION;
	if (length <= 0 || length > SERVER_RECORD_SIZE)
		return false;
	out->session.tsid = (uint64_t)sqlite3_column_int64(s, 0);
	out->session.length = (uint16_t)length;
	memcpy(out->session.record, sqlite3_column_blob(s, 1), (size_t)length);
	return true;
}

static bool read_binding(sqlite3_stmt *s, struct server_change *out)
{
	int as = sqlite3_column_int(s, 1);

	out->kind = SERVER_CHANGE_BINDING;
	out->binding.as = (enum server_stored_binding)as;
	return is_blob(s, 0, SERVER_BINDING_KEY_SIZE) && as > SERVER_STORED_NONE && as <= SERVER_STORED_EXCEPTION &&
	       server_binding_key_unpack(sqlite3_column_blob(s, 0), &out->binding.key);
}

static void read_table(struct store_file *f, const char *sql,
		       bool (*read_row)(sqlite3_stmt *s, struct server_change *out),
		       const struct server_store_reader *reader)
{
	struct server_change change = {.fresh = false};
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) != SQLITE_OK)
		return;
	while (sqlite3_step(s) == SQLITE_ROW)
		if (read_row(s, &change))
			reader->change(reader->context, &change);
	sqlite3_finalize(s);
}

void store_file_read(struct store_file *f, const struct server_store_reader *reader)
{
	read_table(f, "SELECT address, client FROM lease ORDER BY seen", read_lease, reader);
	read_table(f, "SELECT tsid, record FROM session", read_session, reader);
	read_table(f, "SELECT key, stored FROM binding", read_binding, reader);
}

/* --- writing --- */

static int run(sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);

	sqlite3_reset(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int write_lease(struct store_file *f, const struct server_change *c, int64_t now)
{
	sqlite3_stmt *s = f->statement[LEASE_PUT];
	uint8_t address[SERVER_ADDRESS_KEY_SIZE];

	server_address_key_pack(&c->lease.addr, address);
	sqlite3_bind_blob(s, 1, address, sizeof(address), SQLITE_STATIC);
	sqlite3_bind_blob(s, 2, c->lease.client_id, sizeof(c->lease.client_id), SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, now);
	return run(s);
}

static int write_session(struct store_file *f, const struct server_change *c)
{
	sqlite3_stmt *s = f->statement[c->session.length > 0 ? SESSION_PUT : SESSION_DELETE];

	sqlite3_bind_int64(s, 1, (int64_t)c->session.tsid);
	if (c->session.length > 0)
		sqlite3_bind_blob(s, 2, c->session.record, c->session.length, SQLITE_STATIC);
	return run(s);
}

static int write_binding(struct store_file *f, const struct server_change *c)
{
	sqlite3_stmt *s = f->statement[c->binding.as != SERVER_STORED_NONE ? BINDING_PUT : BINDING_DELETE];
	uint8_t key[SERVER_BINDING_KEY_SIZE];

	server_binding_key_pack(&c->binding.key, key);
	sqlite3_bind_blob(s, 1, key, sizeof(key), SQLITE_STATIC);
	if (c->binding.as != SERVER_STORED_NONE)
		sqlite3_bind_int(s, 2, (int)c->binding.as);
	return run(s);
}

static int write_change(struct store_file *f, const struct server_change *c, int64_t now)
{
	switch (c->kind) {
	case SERVER_CHANGE_LEASE:
		return write_lease(f, c, now);
	case SERVER_CHANGE_SESSION:
		return write_session(f, c);
	case SERVER_CHANGE_BINDING:
		return write_binding(f, c);
	}
	return SQLITE_ERROR;
}

static int write_alive(struct store_file *f, int64_t now)
{
	sqlite3_stmt *s = f->statement[ALIVE];

	sqlite3_bind_int64(s, 1, now);
	sqlite3_bind_int(s, 2, 0);
	return run(s);
}

/** @return whether another try may succeed. */
static bool is_passing(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_NOMEM:
	case SQLITE_BUSY:
	case SQLITE_CANTOPEN:
		return true;
	default:
		return rc == SQLITE_READONLY;
	}
}

/** @return -EAGAIN or -EIO. */
static int failed(struct store_file *f, int rc)
{
	const bool passing = is_passing(rc);

	if (f->complete || !passing)
		tscf_error("%s: %s: sessions and addresses are not kept over a restart %s", f->name,
			   sqlite3_errmsg(f->db), passing ? "until it can be written again" : "from now on");
	if (!sqlite3_get_autocommit(f->db))
		sqlite3_exec(f->db, "ROLLBACK", NULL, NULL, NULL);
	if (f->complete)
		mark_incomplete(f);
	return passing ? -EAGAIN : -EIO;
}

int store_file_write(struct store_file *f, const struct server_change *const *changes, unsigned count)
{
	int64_t now = wall_clock();
	int rc = sqlite3_exec(f->db, "BEGIN", NULL, NULL, NULL);

	for (unsigned i = 0; i < count && rc == SQLITE_OK; i++)
		rc = write_change(f, changes[i], now);
	if (rc == SQLITE_OK)
		rc = write_alive(f, now);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(f->db, "COMMIT", NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : failed(f, rc);
}
