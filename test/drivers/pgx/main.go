// One round trip with pgx.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
)

// shown
func accountsOf(ctx context.Context, connection *pgx.Conn, token string) ([]int, error) {
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue("SELECT (session_auth.authenticate($1)).user_id", token)
	batch.Queue("SELECT id FROM accounts ORDER BY id")
	batch.Queue("COMMIT")
	results := connection.SendBatch(ctx, batch)

	ids, err := readAccounts(results)
	if closed := results.Close(); err == nil {
		err = closed
	}
	if err != nil {
		connection.Exec(ctx, "ROLLBACK")
	}
	return ids, err
}

func readAccounts(results pgx.BatchResults) ([]int, error) {
	for i := 0; i < 2; i++ { // BEGIN and authenticate
		if _, err := results.Exec(); err != nil {
			return nil, err
		}
	}
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// end

func show(ctx context.Context, connection *pgx.Conn, token string) {
	ids, err := accountsOf(ctx, connection, token)
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		fmt.Println(refused.Code)
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	for _, id := range ids {
		fmt.Print(id, " ")
	}
	fmt.Println()
}

func main() {
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close(ctx)
	token := os.Getenv("TOKEN")
	show(ctx, connection, token)
	connection.Exec(ctx, "SELECT 'measured from here'")
	show(ctx, connection, token)
	connection.Exec(ctx, "SELECT 'measured to here'")
	show(ctx, connection, "made-up")
	show(ctx, connection, token)
}
