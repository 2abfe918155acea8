/** What executor threads load to run tasks: an entry of its own, so that a build can put all of it into one file. */
export { TaskRunner } from "../../engine/task-runner.js"
