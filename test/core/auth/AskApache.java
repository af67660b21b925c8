import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Scanner;
import javax.security.auth.x500.X500Principal;
import org.apache.zookeeper.server.auth.AuthenticationProvider;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;
import org.apache.zookeeper.server.auth.IPAuthenticationProvider;
import org.apache.zookeeper.server.auth.SASLAuthenticationProvider;
import org.apache.zookeeper.server.auth.X509AuthenticationProvider;

/** Answers questions about ids, one a line: question, then its words in base64, all separated by blanks. */
public class AskApache {
    public static void main(String[] arguments) throws Exception {
        AuthenticationProvider x509 = new X509AuthenticationProvider(null, null);
        Scanner lines = new Scanner(System.in, StandardCharsets.UTF_8);
        while (lines.hasNextLine()) {
            String[] words = lines.nextLine().split(" ", -1);
            String first = text(words[1]);
            String answer;
            switch (words[0]) {
            case "ip": answer = ask(new IPAuthenticationProvider(), first, words); break;
            case "digest": answer = ask(new DigestAuthenticationProvider(), first, words); break;
            case "sasl": answer = ask(new SASLAuthenticationProvider(), first, words); break;
            case "x509": answer = ask(x509, first, words); break;
            case "name": answer = name(first); break;
            case "hash": answer = DigestAuthenticationProvider.generateDigest(first); break;
            default: throw new IllegalArgumentException(words[0]);
            }
            System.out.println(Base64.getEncoder().encodeToString(answer.getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static String text(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    /** One word: may it stand in an ACL? Two: does the first match the second? */
    private static String ask(AuthenticationProvider provider, String first, String[] words) {
        if (words.length == 2) return String.valueOf(provider.isValid(first));
        return String.valueOf(provider.matches(first, text(words[2])));
    }

    /** As it is printed, and as it stands in a certificate. */
    private static String name(String text) {
        try {
            X500Principal name = new X500Principal(text);
            return name.getName() + "\n" + HexFormat.of().formatHex(name.getEncoded());
        } catch (IllegalArgumentException e) {
            return "invalid";
        }
    }
}
