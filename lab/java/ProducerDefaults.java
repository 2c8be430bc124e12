import java.lang.reflect.Field;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Prints every option of this client's producer as {@code NAME TAB TYPE TAB DEFAULT}, then an empty line, then what
 * becomes of idempotence with some settings, as {@code SETTINGS TAB EFFECT}: true, false, or refused.
 *
 * <p>Compiled against kafka-clients 2.4.1 for Java 8, and runs with every later client.
 */
public final class ProducerDefaults {
    public static void main(String[] none) throws Exception {
        Field field = ProducerConfig.class.getDeclaredField("CONFIG"); // configDef() is newer than 2.4
        field.setAccessible(true);
        Map<String, ConfigDef.ConfigKey> keys = new TreeMap<>(((ConfigDef) field.get(null)).configKeys());
        for (ConfigDef.ConfigKey key : keys.values()) {
            Object value = key.hasDefault() ? key.defaultValue : "(required)";
            System.out.println(key.name + "\t" + key.type + "\t" + value);
        }
        System.out.println();
        for (String settings : new String[] {
            "", "enable.idempotence=true", "enable.idempotence=false", "transactional.id=a", "acks=1", "acks=0", "retries=0", "max.in.flight.requests.per.connection=6",
            "acks=1 enable.idempotence=true", "retries=0 enable.idempotence=true",
            "max.in.flight.requests.per.connection=6 enable.idempotence=true", "transactional.id=a acks=1",
            "transactional.id=a enable.idempotence=false"
        }) {
            System.out.println(settings + "\t" + effect(settings));
        }
    }

    private static String effect(String settings) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", "localhost:1");
        properties.put("key.serializer", ByteArraySerializer.class.getName());
        properties.put("value.serializer", ByteArraySerializer.class.getName());
        for (String setting : settings.isEmpty() ? new String[0] : settings.split(" ")) {
            properties.put(setting.substring(0, setting.indexOf('=')), setting.substring(setting.indexOf('=') + 1));
        }
        try (KafkaProducer<byte[], byte[]> client = new KafkaProducer<>(properties)) {
            client.close(Duration.ZERO); // no broker is needed
            return String.valueOf(new ProducerConfig(properties).getBoolean("enable.idempotence"));
        } catch (RuntimeException error) { // ConfigException, or its wrapper
            return "refused";
        }
    }
}
