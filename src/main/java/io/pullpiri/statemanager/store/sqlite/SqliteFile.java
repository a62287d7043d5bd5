// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;

/**
 * The database file: its schema, its one connection and its statements. Not thread-safe: the caller lets one thread at a time
 * use it.
 */
final class SqliteFile implements AutoCloseable {

    /** Marks the file as StateManager's ("PULP"), so that no database of another program is written. */
    private static final int APPLICATION_ID = 0x50554c50;

    private static final int SCHEMA_VERSION = 1;

    private static final Logger LOG = LoggerFactory.getLogger(SqliteFile.class);

    private static final String BEGIN = "BEGIN IMMEDIATE";
    private static final String COMMIT = "COMMIT";
    private static final String ROLLBACK = "ROLLBACK";
    private static final String SELECT_REVISION = "SELECT value FROM revision";
    private static final String UPDATE_REVISION = "UPDATE revision SET value = ?";
    private static final String COLUMNS = "SELECT key, value, create_revision, mod_revision FROM kv ";
    private static final String SELECT_KEY = COLUMNS + "WHERE key = ?";
    private static final String SELECT_RANGE = COLUMNS + "WHERE key >= ? AND key < CAST(? AS TEXT)";
    private static final String SELECT_MOD_REVISION = "SELECT mod_revision FROM kv WHERE key = ?";
    private static final String DELETE = "DELETE FROM kv WHERE key = ?";
    private static final String UPSERT = """
            INSERT INTO kv (key, value, create_revision, mod_revision) VALUES (?1, ?2, ?3, ?3)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, mod_revision = excluded.mod_revision""";

    private final Connection connection;
    private final Map<String, PreparedStatement> statements = new HashMap<>();
    private boolean inTransaction;

    private SqliteFile(Connection connection) {
        this.connection = connection;
    }

    /**
     * Opens the file, creates it if it is missing, and locks it against other processes.
     *
     * @param maxPages the size in pages at which the file counts as full; 0 for no limit
     * @throws StoreUnavailableException if the file cannot be opened, belongs to another program, or is open already
     */
    static SqliteFile open(Path file, long maxPages) {
        Path path = file.toAbsolutePath().normalize();
        NativeLibrary.load();
        DatabasePath.prepare(path);
        try {
            return connect(path, maxPages);
        } catch (SQLException e) {
            throw new StoreUnavailableException("store " + path + ": " + explain(e), e);
        }
    }

    private static SqliteFile connect(Path path, long maxPages) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setBusyTimeout(0);
        // In a URI, no character of the path has a special meaning.
        Connection connection =
                config.createConnection("jdbc:sqlite:" + path.toUri().toASCIIString());
        try {
            try (Statement statement = connection.createStatement()) {
                // Before the first access, so that the first lock on the file is kept.
                statement.execute("PRAGMA locking_mode = EXCLUSIVE");
                checkIdentity(statement, path);
                statement.execute("PRAGMA journal_mode = WAL");
                statement.execute("PRAGMA synchronous = FULL");
                statement.execute("PRAGMA temp_store = MEMORY");
                if (maxPages > 0) {
                    statement.execute("PRAGMA max_page_count = " + maxPages);
                }
                createSchema(statement);
            }
            return new SqliteFile(connection);
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private static void checkIdentity(Statement statement, Path path) throws SQLException {
        long tables = queryLong(statement, "SELECT count(*) FROM sqlite_schema");
        if (tables > 0 && queryLong(statement, "PRAGMA application_id") != APPLICATION_ID) {
            throw new StoreUnavailableException("store " + path
                    + ": is a database of another program (expected: a new file or StateManager's own)");
        }
        long version = queryLong(statement, "PRAGMA user_version");
        if (version > SCHEMA_VERSION) {
            throw new StoreUnavailableException(
                    "store %s: was written by a newer StateManager, schema version %d (expected: at most %d)"
                            .formatted(path, version, SCHEMA_VERSION));
        }
    }

    private static void createSchema(Statement statement) throws SQLException {
        statement.execute("BEGIN IMMEDIATE");
        if (queryLong(statement, "PRAGMA user_version") == 0) {
            statement.execute("CREATE TABLE revision (value INTEGER NOT NULL)");
            statement.execute("INSERT INTO revision VALUES (0)");
            statement.execute("CREATE TABLE kv (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL,"
                    + " create_revision INTEGER NOT NULL, mod_revision INTEGER NOT NULL)");
            statement.execute("PRAGMA application_id = " + APPLICATION_ID);
            statement.execute("PRAGMA user_version = " + SCHEMA_VERSION);
        }
        statement.execute("COMMIT");
    }

    /** Returns the failure as a message that says what to do about it. */
    static String explain(SQLException failure) {
        return switch (SQLiteErrorCode.getErrorCode(failure.getErrorCode() & 0xff)) {
            case SQLITE_BUSY, SQLITE_LOCKED ->
                "is in use by another process or store (stop the other server, or choose another file)";
            case SQLITE_NOTADB -> "is not an SQLite database (move it away, or choose another file)";
            case SQLITE_CORRUPT -> "is damaged (restore it from a copy, or move it away): " + failure.getMessage();
            case SQLITE_CANTOPEN -> "cannot be opened or created (check the path and its permissions)";
            case SQLITE_READONLY -> "cannot be written to (check its permissions)";
            case SQLITE_FULL -> "is full, or the disk is: " + failure.getMessage();
            default -> String.valueOf(failure.getMessage());
        };
    }

    void begin() throws SQLException {
        run(BEGIN);
        inTransaction = true;
    }

    void commit() throws SQLException {
        run(COMMIT);
        inTransaction = false;
    }

    /** Rolls back a transaction that failed or is not wanted, so that reads show only committed data. */
    void rollBackIfOpen() throws SQLException {
        if (!inTransaction) {
            return;
        }
        try {
            run(ROLLBACK);
        } catch (SQLException e) {
            // After some errors SQLite has rolled back by itself. Only then can a new transaction begin.
            closeStatements();
            run(BEGIN);
            run(ROLLBACK);
        }
        inTransaction = false;
    }

    /** Closes all statements. Called after any failure, because the driver closes a statement that failed. */
    void closeStatements() {
        for (PreparedStatement statement : statements.values()) {
            try {
                statement.close();
            } catch (SQLException e) {
                LOG.debug("a statement could not be closed", e);
            }
        }
        statements.clear();
    }

    long revision() throws SQLException {
        try (ResultSet row = prepared(SELECT_REVISION).executeQuery()) {
            return row.getLong(1);
        }
    }

    void setRevision(long revision) throws SQLException {
        PreparedStatement update = prepared(UPDATE_REVISION);
        update.setLong(1, revision);
        update.executeUpdate();
    }

    @Nullable
    KeyValue get(String key) throws SQLException {
        PreparedStatement select = prepared(SELECT_KEY);
        select.setString(1, key);
        try (ResultSet rows = select.executeQuery()) {
            return rows.next() ? keyValue(rows) : null;
        }
    }

    /** Returns the revision that last wrote the key, 0 if there is none. */
    long modRevision(String key) throws SQLException {
        PreparedStatement select = prepared(SELECT_MOD_REVISION);
        select.setString(1, key);
        try (ResultSet rows = select.executeQuery()) {
            return rows.next() ? rows.getLong(1) : 0;
        }
    }

    List<KeyValue> range(String prefix) throws SQLException {
        // UTF-8 never contains the byte 0xff, so it ends the prefix's range.
        byte[] start = prefix.getBytes(StandardCharsets.UTF_8);
        byte[] end = Arrays.copyOf(start, start.length + 1);
        end[start.length] = (byte) 0xff;
        PreparedStatement select = prepared(SELECT_RANGE);
        select.setString(1, prefix);
        select.setBytes(2, end);
        List<KeyValue> found = new ArrayList<>();
        try (ResultSet rows = select.executeQuery()) {
            while (rows.next()) {
                found.add(keyValue(rows));
            }
        }
        return found;
    }

    void put(String key, String value, long revision) throws SQLException {
        PreparedStatement upsert = prepared(UPSERT);
        upsert.setString(1, key);
        upsert.setString(2, value);
        upsert.setLong(3, revision);
        upsert.executeUpdate();
    }

    void delete(String key) throws SQLException {
        PreparedStatement delete = prepared(DELETE);
        delete.setString(1, key);
        delete.executeUpdate();
    }

    /** Releases the file. Committed data stays. */
    @Override
    public void close() throws SQLException {
        connection.close();
    }

    private void run(String sql) throws SQLException {
        prepared(sql).executeUpdate();
    }

    private PreparedStatement prepared(String sql) throws SQLException {
        PreparedStatement statement = statements.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            statements.put(sql, statement);
        }
        return statement;
    }

    private static KeyValue keyValue(ResultSet row) throws SQLException {
        return new KeyValue(row.getString(1), row.getString(2), row.getLong(3), row.getLong(4));
    }

    private static long queryLong(Statement statement, String query) throws SQLException {
        try (ResultSet row = statement.executeQuery(query)) {
            return row.getLong(1);
        }
    }
}
