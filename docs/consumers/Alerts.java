// Prints every alert once it has been held to its JSON Schema, knowing nothing of Weir but that file.
// `jbang Alerts.java HOST:PORT alerts docs/schemas/alert/1.json`; a second run goes on where the first one stopped.
//
//DEPS org.apache.kafka:kafka-clients:4.1.0
//DEPS com.networknt:json-schema-validator:1.5.9
//DEPS org.slf4j:slf4j-simple:1.7.36

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

public final class Alerts {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** BOOTSTRAP TOPIC SCHEMA [GROUP [IDLE_SECONDS]]: ends when nothing has come for so long; without it, never. */
    public static void main(String[] arguments) throws IOException {
        String group = arguments.length > 3 ? arguments[3] : "my-consumer";
        Duration idle = arguments.length > 4 ? Duration.ofSeconds(Long.parseLong(arguments[4])) : Duration.ofDays(365);
        JsonSchema schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                .getSchema(Files.readString(Path.of(arguments[2])));
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", arguments[0],
                "group.id", group,
                "auto.offset.reset", "earliest",
                "enable.auto.commit", false);
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(arguments[1]));
            for (var records = consumer.poll(idle); !records.isEmpty(); records = consumer.poll(idle)) {
                records.forEach(record -> System.out.println(told(schema, record.value())));
                consumer.commitSync(); // after acting, so a crash repeats alerts and never loses one: act by the id
            }
        }
    }

    /** What an alert says; fields that the schema does not know are of a newer version, and passed over. */
    private static String told(JsonSchema schema, String value) {
        try {
            JsonNode alert = JSON.readTree(value);
            if (!schema.validate(alert).isEmpty()) {
                return "not an alert/1: passed over";
            }
            JsonNode entity = alert.get("entity");
            JsonNode reasons = alert.get("reasons");
            String why = reasons.isEmpty() ? "no reason" : reasons.get(0).get("feature").asText();
            return String.join(" ", alert.get("severity").asText(), alert.get("kind").asText(),
                    entity.get("kind").asText(), entity.get("id").asText(), why, alert.get("id").asText());
        } catch (JsonProcessingException error) {
            return "not an alert/1: passed over";
        }
    }
}
