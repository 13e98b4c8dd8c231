<?php
// TAP lines, which SessionAuth's relay passes on.
function equal($got, $wanted, $name)
{
    static $seen = 0;
    $seen++;
    echo $got === $wanted ? 'ok' : 'not ok', " $seen - $name\n";
    if ($got !== $wanted)
        echo '# got ', json_encode($got), ', wanted ', json_encode($wanted), "\n";
}
