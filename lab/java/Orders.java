import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * An application with one producer, for a container: it sends a record ten times a second, whatever the brokers do.
 *
 * <p>KAFKA_BOOTSTRAP_SERVERS has the brokers. The topic and the client.id are "orders". It prints "sending" when it
 * starts, and ends only when it is killed.
 */
public final class Orders {
    public static void main(String[] arguments) throws InterruptedException {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", System.getenv("KAFKA_BOOTSTRAP_SERVERS"));
        settings.put("client.id", "orders");
        settings.put("max.block.ms", "1000");
        ByteArraySerializer serializer = new ByteArraySerializer();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, serializer, serializer)) {
            System.out.println("sending");
            while (true) {
                try {
                    producer.send(new ProducerRecord<>("orders", new byte[100]));
                } catch (org.apache.kafka.common.KafkaException error) {
                    System.out.println(error);
                }
                Thread.sleep(100);
            }
        }
    }
}
