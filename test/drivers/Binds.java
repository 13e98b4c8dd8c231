import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;

/** JDBC of docs/drivers.md, for test/t/drivers_debian.t; binds.py says how it is called. */
public class Binds {
    public static void main(String[] arguments) throws Exception {
        Class.forName("org.postgresql.Driver");
        if (arguments.length == 0) {
            System.out.println("JDBC\nJDBC, preferQueryMode=simple");
            return;
        }
        String url = "jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE") + "?user="
            + System.getenv("PGUSER") + (arguments[0].endsWith("simple") ? "&preferQueryMode=simple" : "");
        try (Connection connection = DriverManager.getConnection(url);
             PreparedStatement statement = connection.prepareStatement("SELECT (session_auth.authenticate(?)).user_id")) {
            statement.setString(1, arguments[1]);
            statement.executeQuery();
        }
    }
}
