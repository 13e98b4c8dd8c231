// One round trip with the JDBC driver.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

public class Jdbc {
    // shown
    // The connection is in autocommit mode: what one execute() sends is one transaction.
    static List<Integer> accountsOf(Connection connection, String token) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT (session_auth.authenticate(?)).user_id; SELECT id FROM accounts ORDER BY id")) {
            statement.setString(1, token);
            statement.execute();
            statement.getMoreResults();
            List<Integer> accounts = new ArrayList<>();
            ResultSet rows = statement.getResultSet();
            while (rows.next())
                accounts.add(rows.getInt(1));
            return accounts;
        }
    }
    // end

    static void show(Connection connection, String token) throws SQLException {
        try {
            StringBuilder line = new StringBuilder();
            for (int id : accountsOf(connection, token))
                line.append(id).append(' ');
            System.out.println(line);
        } catch (SQLException error) {
            System.out.println(error.getSQLState());
        }
    }

    static void mark(Connection connection, String text) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT '" + text + "'")) {
            statement.execute();
        }
    }

    public static void main(String[] args) throws SQLException {
        String token = System.getenv("TOKEN");
        try (Connection connection = DriverManager.getConnection(System.getenv("JDBC_URL"))) {
            show(connection, token);
            mark(connection, "measured from here");
            show(connection, token);
            mark(connection, "measured to here");
            show(connection, "made-up");
            show(connection, token);
        }
    }
}
