import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs any number of real producers in one JVM, driven by lines on standard input.
 *
 * <p>A command is {@code ID TAB VERB TAB PRODUCER TAB key=value TAB ...}; its answer is {@code ID TAB ok TAB text} or
 * {@code ID TAB error TAB text}. Each producer has its own thread, so one that blocks does not delay the others, and
 * answers arrive in the order in which commands complete. The JVM exits when its standard input ends.
 *
 * <p>With {@code -Dapplication.logs=true}, errors are also logged with their stack traces, as applications do.
 *
 * <p>The class is compiled against kafka-clients 2.4.1 for Java 8, and runs with every client from 2.1 to 4.4.
 */
public final class Producer {
    private static final PrintStream ANSWERS = System.out;
    private static final Map<String, Producer> PRODUCERS = new ConcurrentHashMap<>();
    private static final Logger LOG =
            Boolean.getBoolean("application.logs") ? LoggerFactory.getLogger("com.example.Orders") : null;

    private final String name;
    private final ExecutorService thread;
    private final Map<String, Integer> outcomes = new TreeMap<>();
    private final Random random = new Random();
    private Properties config;
    private volatile KafkaProducer<byte[], byte[]> client;
    private volatile Thread loop;

    private Producer(String name) {
        this.name = name;
        this.thread = Executors.newSingleThreadExecutor(work -> daemon(work, "commands-of-" + name));
    }

    public static void main(String[] none) throws Exception {
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        answer("0", "ok", "ready");
        for (String line; (line = commands.readLine()) != null; ) {
            String[] words = line.split("\t", -1);
            Map<String, String> options = new HashMap<>();
            for (String word : Arrays.asList(words).subList(3, words.length)) {
                int equals = word.indexOf('=');
                options.put(word.substring(0, equals), word.substring(equals + 1));
            }
            Producer producer = PRODUCERS.computeIfAbsent(words[2], Producer::new);
            if (words[1].equals("stats")) { // answered at once, even while the producer blocks
                answer(words[0], "ok", producer.stats());
            } else {
                producer.thread.submit(() -> producer.obey(words[0], words[1], options));
            }
        }
        Runtime.getRuntime().halt(0); // closing could wait for a broker that is frozen
    }

    /** The clients that were created and not replaced, for a page of their metrics. */
    static Set<KafkaProducer<byte[], byte[]>> clients() {
        return PRODUCERS.values().stream()
                .map(producer -> producer.client)
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
    }

    private void obey(String id, String verb, Map<String, String> options) {
        try {
            answer(id, "ok", run(verb, options));
        } catch (Throwable error) {
            logged(verb + " failed", error);
            answer(id, "error", text(error));
        }
    }

    private String run(String verb, Map<String, String> options) throws Exception {
        switch (verb) {
            case "new":
                config = new Properties();
                config.putAll(options);
                config.putIfAbsent("key.serializer", ByteArraySerializer.class.getName());
                config.putIfAbsent("value.serializer", ByteArraySerializer.class.getName());
                client = new KafkaProducer<>(config);
                forget();
                return "";
            case "init":
                client.initTransactions();
                return "";
            case "begin":
                client.beginTransaction();
                return "";
            case "commit":
                client.commitTransaction();
                return "";
            case "abort":
                client.abortTransaction();
                return "";
            case "flush":
                client.flush();
                return "";
            case "send":
                return send(options);
            case "offsets":
                return offsets(options);
            case "partitions":
                return String.valueOf(client.partitionsFor(options.get("topic")).size());
            case "loop":
                startLoop(turn(options), options);
                return "";
            case "transform":
                startTransform(options);
                return "";
            case "unloop":
                stopLoop();
                return "";
            case "close":
                stopLoop();
                if (options.containsKey("timeout_ms")) {
                    client.close(Duration.ofMillis(Long.parseLong(options.get("timeout_ms"))));
                } else {
                    client.close();
                }
                return "";
            case "halt":
                Runtime.getRuntime().halt(Integer.parseInt(options.get("code")));
                return "";
            default:
                throw new IllegalArgumentException("no such command: " + verb);
        }
    }

    // Sending

    private String send(Map<String, String> options) throws Exception {
        boolean wait = options.get("wait").equals("True");
        int count = Integer.parseInt(options.get("count"));
        for (int i = 0; i < count; i++) {
            Future<RecordMetadata> sent = send(options, value(options));
            if (wait) {
                try {
                    sent.get();
                } catch (ExecutionException counted) {
                    continue; // the callback has counted it
                }
            }
        }
        return "";
    }

    private Future<RecordMetadata> send(Map<String, String> options, byte[] value) {
        Integer partition = options.containsKey("partition") ? Integer.valueOf(options.get("partition")) : null;
        long callbackMillis = Long.parseLong(options.getOrDefault("callback_ms", "0"));
        return client.send(new ProducerRecord<>(options.get("topic"), partition, null, value), (metadata, error) -> {
            count(error == null ? "ok" : simpleName(error));
            logged("could not send a record to " + options.get("topic"), error);
            if (callbackMillis > 0) {
                pause(callbackMillis);
            }
        });
    }

    /** Returns random bytes, which no codec can compress, or equal bytes, which every codec can. */
    private byte[] value(Map<String, String> options) {
        byte[] value = new byte[Integer.parseInt(options.get("size"))];
        if (!options.getOrDefault("compressible", "False").equals("True")) {
            random.nextBytes(value);
        }
        return value;
    }

    // Loops: repeat one turn at a steady pace

    private interface Turn {
        void run() throws Exception;
    }

    private Turn turn(Map<String, String> options) {
        int records = Integer.parseInt(options.getOrDefault("records", "0"));
        int abortEvery = Integer.parseInt(options.getOrDefault("abort_every", "0"));
        if (records == 0) {
            return () -> send(options, value(options));
        }
        int[] turns = {0};
        return () -> {
            client.beginTransaction();
            for (int i = 0; i < records; i++) {
                send(options, value(options));
            }
            endTransaction(++turns[0], abortEvery);
        };
    }

    private boolean endTransaction(int turn, int abortEvery) {
        boolean commit = abortEvery == 0 || turn % abortEvery != 0;
        if (commit) {
            client.commitTransaction();
        } else {
            client.abortTransaction();
        }
        count(commit ? "committed" : "aborted");
        return commit;
    }

    private void startLoop(Turn turn, Map<String, String> options) {
        long pauseNanos = (long) (1e9 / Double.parseDouble(options.get("per_second")));
        boolean transactional = config.containsKey("transactional.id");
        boolean revive = options.getOrDefault("revive", "False").equals("True");
        stopLoop();
        loop = daemon(() -> {
            long next = System.nanoTime();
            while (!Thread.currentThread().isInterrupted()) {
                try {
                    turn.run();
                    // after a delay, the loop catches up by at most one second
                    next = Math.max(next + pauseNanos, System.nanoTime() - 1_000_000_000L);
                    Thread.sleep(Math.max(0, (next - System.nanoTime()) / 1_000_000));
                } catch (Throwable error) {
                    if (stopped(error)) {
                        return;
                    }
                    count("thrown." + simpleName(error));
                    System.err.println(name + ": " + text(error));
                    if (transactional && !(revive ? revived() : aborted())) {
                        return;
                    }
                    if (!pause(200)) {
                        return;
                    }
                }
            }
        }, "loop-of-" + name);
        loop.start();
    }

    /** Aborts the transaction, as an application should after an error that is not fatal. */
    private boolean aborted() {
        try {
            client.abortTransaction();
            return true;
        } catch (RuntimeException dead) {
            System.err.println(name + ": the loop ends, " + text(dead));
            return false;
        }
    }

    private boolean revived() {
        try {
            client.close(Duration.ofSeconds(1));
            client = new KafkaProducer<>(config);
            client.initTransactions();
            return true;
        } catch (RuntimeException stillDead) {
            count("thrown." + simpleName(stillDead));
            return pause(1000);
        }
    }

    private void stopLoop() {
        Thread running = loop;
        if (running == null) {
            return;
        }
        loop = null;
        running.interrupt();
        try {
            running.join(10_000);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    // Consume, transform, produce: the guide's own example

    private void startTransform(Map<String, String> options) {
        Properties reading = new Properties();
        reading.put("bootstrap.servers", config.get("bootstrap.servers"));
        reading.put("group.id", options.get("group"));
        reading.put("enable.auto.commit", "false");
        reading.put("isolation.level", "read_committed");
        reading.put("auto.offset.reset", "earliest");
        reading.put("key.deserializer", ByteArrayDeserializer.class.getName());
        reading.put("value.deserializer", ByteArrayDeserializer.class.getName());
        for (Map.Entry<String, String> option : options.entrySet()) {
            if (option.getKey().startsWith("consumer.")) {
                reading.put(option.getKey().substring("consumer.".length()), option.getValue());
            }
        }
        int abortEvery = Integer.parseInt(options.getOrDefault("abort_every", "0"));
        KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(reading);
        consumer.subscribe(Collections.singletonList(options.get("source")));
        int[] turns = {0};
        startLoop(() -> {
            try {
                transform(consumer, options, ++turns[0], abortEvery);
            } catch (Throwable error) {
                if (stopped(error)) {
                    Thread.interrupted(); // with the flag set, close() would throw at once
                    consumer.close(Duration.ofSeconds(2));
                    Thread.currentThread().interrupt();
                }
                throw error;
            }
        }, options);
    }

    private void transform(
            KafkaConsumer<byte[], byte[]> consumer, Map<String, String> options, int turn, int abortEvery)
            throws Exception {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(200));
        if (records.isEmpty()) {
            return;
        }
        boolean committed = false;
        try {
            client.beginTransaction();
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            for (ConsumerRecord<byte[], byte[]> record : records) {
                TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                send(options, record.value());
                offsets.put(partition, new OffsetAndMetadata(record.offset() + 1));
            }
            boolean metadata = options.get("offsets").equals("metadata");
            Object group = metadata
                    ? KafkaConsumer.class.getMethod("groupMetadata").invoke(consumer)
                    : options.get("group");
            sendOffsets(offsets, group);
            committed = endTransaction(turn, abortEvery);
        } finally {
            if (!committed) { // nothing was committed, so read the records again
                records.partitions().forEach(each -> consumer.seek(each, records.records(each).get(0).offset()));
            }
        }
    }

    /** Commits one offset of a group within the open transaction, without any consumer. */
    private String offsets(Map<String, String> options) throws Exception {
        TopicPartition partition = new TopicPartition(options.get("topic"), Integer.parseInt(options.get("partition")));
        OffsetAndMetadata offset = new OffsetAndMetadata(Long.parseLong(options.get("offset")));
        Object group = options.get("group");
        if (options.get("offsets").equals("metadata")) {
            group = groupMetadataType().getConstructor(String.class).newInstance(group);
        }
        sendOffsets(Collections.singletonMap(partition, offset), group);
        return "";
    }

    /**
     * Sends the offsets; group is the group's id or its metadata. The method with the id was removed in 4.0, and the one
     * with the metadata was added in 2.5, so neither can be compiled for all versions.
     */
    private void sendOffsets(Map<TopicPartition, OffsetAndMetadata> offsets, Object group) throws Exception {
        Class<?> type = group instanceof String ? String.class : groupMetadataType();
        try {
            KafkaProducer.class.getMethod("sendOffsetsToTransaction", Map.class, type).invoke(client, offsets, group);
        } catch (InvocationTargetException wrapped) {
            if (wrapped.getCause() instanceof RuntimeException) {
                throw (RuntimeException) wrapped.getCause();
            }
            throw wrapped;
        }
    }

    private static Class<?> groupMetadataType() throws ClassNotFoundException {
        return Class.forName("org.apache.kafka.clients.consumer.ConsumerGroupMetadata");
    }

    // Outcomes and answers

    private void count(String outcome) {
        synchronized (outcomes) {
            outcomes.merge(outcome, 1, Integer::sum);
        }
    }

    private void forget() {
        synchronized (outcomes) {
            outcomes.clear();
        }
    }

    private String stats() {
        StringBuilder text = new StringBuilder();
        synchronized (outcomes) {
            outcomes.forEach((outcome, times) -> text.append(outcome).append('=').append(times).append(' '));
        }
        return text.toString().trim();
    }

    private static synchronized void answer(String id, String kind, String text) {
        ANSWERS.println(id + "\t" + kind + "\t" + text.replaceAll("[\\t\\r\\n]+", " "));
        ANSWERS.flush();
    }

    private static void logged(String what, Throwable error) {
        if (LOG != null && error != null) {
            LOG.error(what, error);
        }
    }

    private static String text(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            text.append(text.length() == 0 ? "" : ", caused by ");
            text.append(cause.getClass().getSimpleName()).append(": ").append(cause.getMessage());
        }
        return text.toString();
    }

    private static String simpleName(Throwable error) {
        return error.getClass().getSimpleName();
    }

    private static boolean stopped(Throwable error) {
        // Kafka's calls throw its own InterruptException (without "ed") when their thread is interrupted
        return error instanceof InterruptedException
                || simpleName(error).equals("InterruptException")
                || Thread.currentThread().isInterrupted();
    }

    private static boolean pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
            return true;
        } catch (InterruptedException stopped) {
            return false;
        }
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }
}
