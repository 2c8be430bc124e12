import java.util.Collections;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.apache.kafka.common.protocol.Errors;

/**
 * Prints what the client's jar says of errors, as lines of tab-separated words: {@code code NUMBER NAME EXCEPTION} for each
 * of {@code Errors}, and {@code class NAME SUPERCLASS ...} for each exception class, with its superclasses in Kafka, the
 * nearest first.
 */
public final class KafkaErrors {
    public static void main(String[] none) throws Exception {
        for (Errors error : Errors.values()) {
            String exception = error.exception() == null ? "" : error.exception().getClass().getName();
            System.out.println("code\t" + error.code() + "\t" + error.name() + "\t" + exception);
        }
        String jar = Errors.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        try (JarFile file = new JarFile(jar)) {
            for (JarEntry entry : Collections.list(file.entries())) {
                String name = entry.getName().replace('/', '.').replaceFirst("\\.class$", "");
                if (name.startsWith("org.apache.kafka.") && !name.contains(".shaded.") && entry.getName().endsWith(".class")) {
                    print(name);
                }
            }
        }
    }

    private static void print(String name) {
        Class<?> type;
        try {
            type = Class.forName(name, false, KafkaErrors.class.getClassLoader());
        } catch (LinkageError | ClassNotFoundException optional) {
            return; // a class that needs a library which is not there is no exception
        }
        if (!Throwable.class.isAssignableFrom(type)) {
            return;
        }
        StringBuilder line = new StringBuilder("class\t").append(name);
        for (Class<?> above = type.getSuperclass(); above.getName().startsWith("org.apache."); above = above.getSuperclass()) {
            line.append('\t').append(above.getName());
        }
        System.out.println(line);
    }
}
